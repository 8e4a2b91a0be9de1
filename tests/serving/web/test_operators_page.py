"""The operator's page says what is so."""

import re
import tomllib
from dataclasses import replace
from pathlib import Path

from pneumoscope.serving.dicom.targets import build_target
from pneumoscope.serving.settings import Settings, convert

PAGE = (Path(__file__).parents[3] / "docs" / "station.md").read_text(encoding="utf-8")


def settings_of(text: str) -> Settings:
    made: Settings = convert(tomllib.loads(text), Settings)
    return made


def test_its_settings_are_the_defaults() -> None:
    (block,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    shown, usual = settings_of(block), Settings()
    assert shown.dicom
    assert replace(shown, dicom=None, targets=()) == usual
    assert replace(shown.dicom, callers=()) == type(shown.dicom)()
    for target in shown.targets:
        build_target(target.kind, target.config)


def test_its_commented_settings_are_known() -> None:
    (block,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    shown = settings_of(re.sub(r"^# ", "", block, flags=re.MULTILINE))
    assert None not in (shown.bundle, shown.site, shown.watch, shown.workers, shown.web.certificate, shown.dicom)
    assert shown.dicom
    assert shown.dicom.tls
