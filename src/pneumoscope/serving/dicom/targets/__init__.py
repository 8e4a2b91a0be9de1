"""Where results go: a PACS by C-STORE, an archive by DICOMweb, a folder. One contract for all."""

from pneumoscope.serving.dicom.targets.building import KINDS, build_target
from pneumoscope.serving.dicom.targets.contract import Outgoing, Target, TargetError

__all__ = ["KINDS", "Outgoing", "Target", "TargetError", "build_target"]
