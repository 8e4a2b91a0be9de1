"""The coding scheme: complete, unique, and of the lengths that DICOM allows."""

from pneumoscope.decision.labels import Finding
from pneumoscope.imaging import Reason, Remark
from pneumoscope.serving.dicom import codes

TABLES = ((codes.REASONS, Reason), (codes.REMARKS, Remark), (codes.FINDINGS, Finding), (codes.PRESENCES, Finding))


def test_every_reason_remark_and_finding_has_a_code() -> None:
    for table, words in TABLES:
        assert set(table) == set(words)


def test_codes_fit_and_differ() -> None:
    every = [code for table, _ in TABLES for code in table.values()]
    every += [value for value in vars(codes).values() if isinstance(value, codes.Code)]
    assert len(every) > 40
    for code in every:
        assert 0 < len(code.value) <= 16, code
        assert 0 < len(code.scheme) <= 16, code
        assert 0 < len(code.meaning) <= 64, code
    own = [code for code in every if code.scheme == codes.SCHEME]
    assert len({code.value for code in own}) == len(own)


def test_a_code_is_the_word_of_the_other_outputs_where_that_fits() -> None:
    for table, _ in TABLES[:3]:
        for word, code in table.items():
            assert code.value == word or len(word) > 16 or word in (Reason.TOO_LARGE,), word
