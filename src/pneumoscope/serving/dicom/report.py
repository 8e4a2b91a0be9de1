"""A result as a DICOM structured report: Comprehensive 3D SR, TID 1500, one whole-image finding by TID 1501."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pneumoscope._version import __version__
from pneumoscope.screening.result import ScreeningResult
from pneumoscope.serving.dicom import codes
from pneumoscope.serving.dicom.objects import (
    MANUFACTURER,
    RESEARCH_USE,
    describe_source,
    load_libraries,
    local_time,
    quietly,
    result_uid,
    stamp,
)
from pneumoscope.serving.dicom.uids import derive_uid

if TYPE_CHECKING:
    from pydicom import Dataset

SERIES_NUMBER = 9901
"""Series Number of every report: above those that devices give."""


def build_report(result: ScreeningResult, source: Dataset) -> Dataset:
    """Make the structured report of a result, in the study of its film and in a series of its own.

    Args:
        result: of the film, screened or not assessed.
        source: the film as pydicom read it; its pixels are not needed.

    Returns:
        A Comprehensive 3D SR, ready to be sent. The same result and film give the same bytes.

    Raises:
        DataError: the film lacks what a DICOM object has to refer to.
        MissingExtraError: the extra ``serve`` is not installed.
    """
    load_libraries()
    with quietly():
        from highdicom.sr import Comprehensive3DSR

        film = describe_source(source)
        time = local_time(result, source)
        report = Comprehensive3DSR(
            evidence=[film],
            content=_content(result, film),
            series_instance_uid=result_uid(result, film, "sr-series"),
            series_number=SERIES_NUMBER,
            sop_instance_uid=result_uid(result, film, "sr"),
            instance_number=1,
            manufacturer=MANUFACTURER,
            manufacturer_model_name=result.model.name,
            software_versions=__version__,
            device_serial_number=result.model.sha256,
            series_description=f"Pneumoscope report. {RESEARCH_USE}",
            coding_schemes=[_scheme()],
            is_complete=True,
            content_date=time.date(),
            content_time=time.time(),
        )
        stamp(report, source, time)
        return report


def _scheme() -> Any:
    from highdicom.coding_schemes import CodingSchemeIdentificationItem

    return CodingSchemeIdentificationItem(
        codes.SCHEME, name="Pneumoscope", version="1", responsible_organization="The Pneumoscope maintainers"
    )


def _content(result: ScreeningResult, film: Dataset) -> Any:
    from highdicom.sr import MeasurementReport, ObservationContext

    return MeasurementReport(
        observation_context=ObservationContext(observer_device_context=_observer(result)),
        procedure_reported=_concept(codes.CHEST_RADIOGRAPHY),
        imaging_measurements=[_group(result, film)],
    )


def _observer(result: ScreeningResult) -> Any:
    """The model as the device that observed; its UID stands for its bundle, whatever the film."""
    from highdicom.sr import DeviceObserverIdentifyingAttributes, ObserverContext
    from pydicom.sr.codedict import codes as standard

    model = result.model
    attributes = DeviceObserverIdentifyingAttributes(
        uid=derive_uid("", "", model.sha256, None, "device"),
        name="Pneumoscope",
        manufacturer_name=MANUFACTURER,
        model_name=model.name,
        serial_number=model.sha256,
    )
    return ObserverContext(standard.DCM.Device, attributes)


def _group(result: ScreeningResult, film: Dataset) -> Any:
    from highdicom.sr import (
        MeasurementsAndQualitativeEvaluations,
        QualitativeEvaluation,
        SourceImageForMeasurementGroup,
        TrackingIdentifier,
    )

    evaluations = [QualitativeEvaluation(_concept(name), _concept(value)) for name, value in _evaluations(result)]
    group = MeasurementsAndQualitativeEvaluations(
        tracking_identifier=TrackingIdentifier(result_uid(result, film, "tracking"), "Screening for pneumonia"),
        finding_type=_concept(codes.PNEUMONIA),
        algorithm_id=_algorithm(result),
        measurements=[_measurement(name, value) for name, value in _numbers(result)],
        qualitative_evaluations=evaluations,
        source_images=[SourceImageForMeasurementGroup(film.SOPClassUID, film.SOPInstanceUID)],
    )
    group[0].ContentSequence.append(_comment(_sentences(result)))
    return group


def _algorithm(result: ScreeningResult) -> Any:
    from highdicom.sr import AlgorithmIdentification

    model = result.model
    parameters = [f"bundle SHA-256: {model.sha256}", f"operating point: {result.operating_point}"]
    if result.site_profile_sha256:
        parameters.append(f"site profile SHA-256: {result.site_profile_sha256}")
    parameters += [f"runtime: {model.runtime}", f"package version: {__version__}"]
    return AlgorithmIdentification(model.name, model.version, parameters, manufacturer=MANUFACTURER)


def _evaluations(result: ScreeningResult) -> Iterator[tuple[codes.Code, codes.Code]]:
    if result.finding is not None:
        yield codes.PRESENCE, codes.PRESENCES[result.finding]
        yield codes.SCREENING, codes.FINDINGS[result.finding]
    if result.reason is not None:
        yield codes.NOT_ASSESSED, codes.REASONS[result.reason]
    for remark in result.remarks:
        yield codes.REMARK, codes.REMARKS[remark]


def _numbers(result: ScreeningResult) -> Iterator[tuple[codes.Code, float]]:
    if result.probability is not None:
        yield codes.PROBABILITY, result.probability
        yield codes.THRESHOLD, result.threshold
        yield codes.RULE_OUT, result.rule_out


def _measurement(name: codes.Code, value: float) -> Any:
    from highdicom.sr import Measurement

    return Measurement(_concept(name), round(value, 6), _concept(codes.NO_UNITS))


def _sentences(result: ScreeningResult) -> str:
    remarks = (remark.sentence for remark in result.remarks)
    return " ".join((RESEARCH_USE, *([result.detail] if result.detail else []), *remarks))


def _comment(text: str) -> Any:
    from highdicom.sr import RelationshipTypeValues, TextContentItem

    return TextContentItem(_concept(codes.COMMENT), text, RelationshipTypeValues.CONTAINS)


def _concept(code: codes.Code) -> Any:
    from highdicom.sr import CodedConcept

    return CodedConcept(code.value, code.scheme, code.meaning)
