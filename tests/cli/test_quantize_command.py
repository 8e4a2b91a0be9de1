from pathlib import Path

import pytest

import pneumoscope
from pneumoscope.cli import main
from pneumoscope.data.synthetic import write_dataset


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("films")
    write_dataset(folder, per_class=3, seed=0)
    return folder


@pytest.mark.slow
def test_a_site_makes_its_own_int8_bundle_and_screens_with_it(
    films: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "int8.onnx"
    assert main(["quantize", "--data", str(films), "--films", "4", "--out", str(out)]) == 0
    assert f"wrote {out}" in capsys.readouterr().err
    assert main(["selftest", "--bundle", str(out)]) == 0
    assert "+int8 on onnxruntime: passed." in capsys.readouterr().out
    assert main(["screen", str(films / "test"), "--bundle", str(out)]) == 0
    assert f"{pneumoscope.load().card.version}+int8" in capsys.readouterr().out
    assert main(["info", "--bundle", str(out)]) == 0
    assert "of the float bundle it was made from" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [(["--films", "5000"], "training films; --films asks for 5000"), (["--out", "gone/int8.onnx"], "does not exist")],
)
def test_what_cannot_be_done_is_said_before_any_work(
    films: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], message: str
) -> None:
    out = str(tmp_path / "int8.onnx")
    assert main(["quantize", "--data", str(films), "--films", "4", "--out", out, *options]) == 2
    assert message in capsys.readouterr().err
    assert not Path(out).exists()
