"""``pneumoscope screen`` and ``info`` as a user runs them."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from tiny import film

from pneumoscope.cli import main

KEYS = [
    "schema_version", "source", "source_sha256", "sop_instance_uid", "series_instance_uid", "study_instance_uid",
    "device", "time", "status", "reason", "detail", "finding", "probability", "prevalence", "viral_probability",
    "score", "threshold", "rule_out", "operating_point", "model_name", "model_version", "model_sha256",
    "site_profile_sha256", "runtime", "package_version", "remarks", "heatmap_file", "listed",
]  # fmt: skip

Screen = Callable[..., tuple[int, str, str]]


@pytest.fixture
def screen(tiny_bundle: Path, capsys: pytest.CaptureFixture[str]) -> Screen:
    """Run the command; gives exit code, standard output and standard error."""

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        code = main(["screen", *map(str, arguments), "--bundle", str(tiny_bundle)])
        return code, *capsys.readouterr()

    return run


def start(bundle: Path, *arguments: str | Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "pneumoscope", "screen", *map(str, arguments), "--bundle", str(bundle)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_one_bad_file_never_stops_the_others(screen: Screen, acceptance: Path) -> None:
    code, out, err = screen(acceptance, "--json")
    records = [json.loads(line) for line in out.splitlines()]
    assert code == 3
    assert err == ""
    assert [list(record) for record in records] == [KEYS] * 5
    assert [record["status"] for record in records] == ["screened"] + ["not_assessed"] * 4
    assert [record["reason"] for record in records[1:]] == [
        "empty_file", "not_an_image", "truncated", "declared_size_too_large",
    ]  # fmt: skip
    assert records[0]["finding"] == "pneumonia"


def test_table_is_the_default_and_all_screened_is_0(screen: Screen, films: list[Path]) -> None:
    code, out, err = screen(*films[:3], films[-1])
    assert (code, err) == (0, "")
    assert "4 films: 1 pneumonia, 3 normal." in out
    assert all(path.name in out for path in films[:3])


def test_every_output_at_once(screen: Screen, acceptance: Path, tmp_path: Path) -> None:
    outputs = [tmp_path / "out.csv", tmp_path / "page.html", tmp_path / "heat"]
    code, out, err = screen(
        acceptance, "--json", "--csv", outputs[0], "--html", outputs[1], "--heatmaps", outputs[2],
        "--operating-point", "high-sensitivity",
    )  # fmt: skip
    assert code == 3
    assert err == "".join(f"wrote {path}\n" for path in outputs)
    with outputs[0].open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["source"] for row in rows] == [json.loads(line)["source"] for line in out.splitlines()]
    assert {row["operating_point"] for row in rows} == {"high-sensitivity"}
    assert outputs[1].read_text().rstrip().endswith("</html>")
    [picture] = outputs[2].iterdir()
    assert picture.name.startswith("a_good-")


@pytest.mark.parametrize("option", ["--csv", "--html", "--heatmaps"])
def test_a_missing_output_folder_is_refused_before_any_work(
    screen: Screen, films: list[Path], tmp_path: Path, option: str
) -> None:
    code, out, err = screen(films[0], option, tmp_path / "nowhere" / "out")
    assert (code, out) == (2, "")
    assert str(tmp_path / "nowhere") in err


def test_an_input_is_never_overwritten(screen: Screen, films: list[Path]) -> None:
    before = films[1].read_bytes()
    code, out, err = screen(films[0].parent, "--csv", films[1])
    assert (code, out) == (2, "")
    assert films[1].name in err
    assert films[1].read_bytes() == before


def test_a_list_and_a_bundle_are_never_overwritten(
    screen: Screen, tiny_bundle: Path, films: list[Path], tmp_path: Path
) -> None:
    (tmp_path / "list.csv").write_text(f"path\n{films[0]}\n")
    for named in (tmp_path / "list.csv", tiny_bundle):
        before = named.read_bytes()
        code, out, err = screen(tmp_path / "list.csv", "--csv", named)
        assert (code, out, named.read_bytes()) == (2, "", before)
        assert named.name in err


def test_a_link_to_itself_and_a_broken_name_stop_no_other(screen: Screen, films: list[Path], tmp_path: Path) -> None:
    (tmp_path / "loop.png").symlink_to("loop.png")
    (tmp_path / "list.csv").write_text(f"path\n{films[0]}\nx\0y.png\nloop.png\n")
    code, out, _ = screen(tmp_path / "list.csv", "--json", "--csv", tmp_path / "out.csv")
    assert code == 3
    assert [json.loads(line)["reason"] for line in out.splitlines()] == [None, "not_found", "unreadable"]


def test_a_list_can_be_matched_back(screen: Screen, films: list[Path], tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text(f"Image;source;finding\n{films[0]};PACS;x\ngone.png;CD;y\n")
    code, out, err = screen(
        tmp_path / "list.csv", films[1], "--path-column", "image", "--json", "--csv", tmp_path / "o.csv"
    )
    assert (code, err) == (3, f"wrote {tmp_path}/o.csv\n")
    listed = [{"source": "PACS", "finding": "x"}, {"source": "CD", "finding": "y"}, {}]
    assert [json.loads(line)["listed"] for line in out.splitlines()] == listed
    with (tmp_path / "o.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["source"], row["listed_source"], row["listed_finding"]) for row in rows] == [
        (str(films[0]), "PACS", "x"), (f"{tmp_path}/gone.png", "CD", "y"), (str(films[1]), "", ""),
    ]  # fmt: skip


def test_a_list_without_its_column_names_those_found(screen: Screen, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("Image;source\na.png;PACS\n")
    code, out, err = screen(tmp_path / "list.csv")
    assert (code, out) == (2, "")
    assert "columns found: 'Image', 'source'; none of them is the path" in err
    assert "--path-column" in err


def test_a_typo_costs_no_earlier_result(screen: Screen, films: list[Path], tmp_path: Path) -> None:
    earlier = tmp_path / "out.csv"
    earlier.write_text("precious")
    code, _, err = screen(films[0], "--csv", earlier, "--operating-point", "sensitve")
    assert code == 2
    assert "balanced, high-sensitivity" in err
    assert earlier.read_text() == "precious"


def test_a_folder_without_films_is_a_usage_error(screen: Screen, tmp_path: Path) -> None:
    code, out, err = screen(tmp_path)
    assert (code, out) == (2, "")
    assert str(tmp_path) in err


def test_a_file_that_does_not_exist_is_one_row(screen: Screen, films: list[Path]) -> None:
    code, out, _ = screen("gone.png", films[0], "--json")
    assert code == 3
    assert [json.loads(line)["reason"] for line in out.splitlines()] == ["not_found", None]


def test_a_damaged_bundle_is_named(films: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "broken.onnx").write_bytes(b"\xff" * 999)
    assert main(["screen", str(films[0]), "--bundle", str(tmp_path / "broken.onnx")]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("pneumoscope: ")
    assert "broken.onnx" in err


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
@pytest.mark.parametrize("earlier", [False, True])
def test_what_was_screened_stays_and_so_does_an_earlier_run(
    tiny_bundle: Path, tmp_path: Path, end: signal.Signals, earlier: bool
) -> None:
    source, table, page = tmp_path / "film.png", tmp_path / "out.csv", tmp_path / "page.html"
    Image.fromarray(film(150, 2000, 2000)).save(source)
    if earlier:
        table.write_text("precious")
        page.write_text("precious")
    with start(tiny_bundle, *[source] * 3000, "--json", "--csv", table, "--html", page) as run:
        assert run.stdout is not None
        assert run.stderr is not None
        lines = [run.stdout.readline() for _ in range(5)]
        run.send_signal(end)
        lines += run.stdout.readlines()
        err = run.stderr.read()
    records = [json.loads(line) for line in lines if line.endswith("\n")]
    assert 0 < len(records) < 3000
    names = [f"{name}.unfinished" if earlier else name for name in ("out", "page")]
    with (tmp_path / f"{names[0]}.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert abs(len(rows) - len(records)) <= 1  # the signal may fall between the two
    assert re.search(r"Unfinished: \d+ of 3,000 films", (tmp_path / f"{names[1]}.html").read_text())
    if earlier:
        assert table.read_text() == page.read_text() == "precious"
    if end is signal.SIGINT:
        assert run.returncode == 130
        assert "Traceback" not in err
        assert re.search(rf"stopped after \d+ of 3,000 films; kept: .*{names[1]}\.html.*{names[0]}\.csv\.", err)


def test_a_run_that_is_whole_takes_the_place_of_an_earlier_one(
    screen: Screen, films: list[Path], tmp_path: Path
) -> None:
    for count in (1, 2):
        code, _, _ = screen(*films[:count], "--csv", tmp_path / "out.csv", "--html", tmp_path / "page.html")
        assert code == 0
        assert len((tmp_path / "out.csv").read_text().splitlines()) == 1 + count
        assert (tmp_path / "page.html").read_text().count("<article") == count
    assert sorted(path.name for path in tmp_path.iterdir()) == ["films", "out.csv", "page.html"]


@pytest.mark.parametrize("extra", [[], ["--json"]])
def test_a_reader_gone_early_causes_no_traceback(tiny_bundle: Path, films: list[Path], extra: list[str]) -> None:
    run = start(tiny_bundle, *films, *extra)
    assert run.stdout is not None
    run.stdout.close()
    _, err = run.communicate(timeout=30)
    assert err == ""


def test_one_film_is_screened_at_once(tiny_bundle: Path, films: list[Path]) -> None:
    command = ["-m", "pneumoscope", "screen", films[0], "--json", "--bundle", tiny_bundle]
    done = subprocess.run([sys.executable, "-X", "importtime", *command], capture_output=True, text=True, check=True)
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert "onnxruntime" in imported
    assert not imported & {"rich", "jinja2", "pydicom", "keras", "tensorflow", "sklearn", "matplotlib", "onnx"}


def test_info_tells_the_card(tiny_bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", "--json", "--bundle", str(tiny_bundle)]) == 0
    known = json.loads(capsys.readouterr().out)
    assert known["card"]["name"] == "tiny"
    assert main(["info", "--bundle", str(tiny_bundle)]) == 0
    shown = capsys.readouterr().out
    for expected in (known["bundle"]["sha256"], "balanced (default)", "0.200", "recall at least .98"):
        assert expected in shown


def test_info_tells_what_the_released_bundle_achieved(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", "--json"]) == 0
    known = json.loads(capsys.readouterr().out)
    assert main(["info"]) == 0
    shown = capsys.readouterr().out
    for found in (known["card"]["validation"], known["evaluation"]):
        assert f"AUC {found['ranking']['auc']['value']:.4f}" in shown
        for point in found["points"]:
            assert f"{point['metrics']['recall']['value']:.1%}" in shown
            assert f"{point['confusion'][1][0]} of {sum(point['confusion'][1])}" in shown


def test_a_second_run_does_not_screen_the_heatmaps_of_the_first(screen: Screen, tmp_path: Path) -> None:
    Image.fromarray(film(200)).save(tmp_path / "film.png")
    for _ in range(2):
        code, out, _ = screen(tmp_path, "--json", "--heatmaps", tmp_path / "heat")
        assert (code, len(out.splitlines())) == (0, 1)
    [heatmap] = (tmp_path / "heat").iterdir()
    assert json.loads(out)["heatmap_file"] == str(heatmap)
    code, out, err = screen(tmp_path, "--json")
    assert (code, err) == (0, "pneumoscope: passed over: 1 heatmap of Pneumoscope\n")
    assert [json.loads(line)["source"] for line in out.splitlines()] == [str(tmp_path / "film.png")]
    code, out, _ = screen(heatmap, "--json")
    assert (code, json.loads(out)["reason"]) == (3, "not_a_radiograph")


def test_pictures_of_a_version_that_marked_none_are_passed_over_too(screen: Screen, tmp_path: Path) -> None:
    Image.fromarray(film(200)).save(tmp_path / "film.png")
    heat = tmp_path / "heat"
    screen(tmp_path, "--heatmaps", heat)
    [heatmap] = heat.iterdir()
    Image.open(heatmap).save(heatmap)  # without its texts
    Image.fromarray(film(100)).save(heat / "a-film-that-lies-there.png")
    code, out, err = screen(tmp_path, "--json", "--heatmaps", heat)
    assert (code, len(out.splitlines())) == (0, 2)
    assert "passed over: 1 heatmaps of an earlier run" in err


def test_what_a_folder_holds_besides_films_is_counted_in_one_line(screen: Screen, tmp_path: Path) -> None:
    Image.fromarray(film(200)).save(tmp_path / "film.png")
    (tmp_path / "\x1b[31mnotes.txt").write_text("notes")
    (tmp_path / "._film.png").write_bytes(b"\0\5\x16\7")
    (tmp_path / "__MACOSX").mkdir()
    code, out, err = screen(tmp_path, tmp_path / "__MACOSX", "--json")
    assert (code, len(out.splitlines())) == (0, 1)
    assert err == "pneumoscope: passed over: 2 macOS resource folders; 1 text file; 1 macOS resource file\n"


def test_messages_do_not_steer_the_terminal(screen: Screen, tmp_path: Path) -> None:
    (tmp_path / "\x1b[31m").mkdir()
    code, _, err = screen(tmp_path / "\x1b[31m")
    assert code == 2
    assert "\x1b" not in err
    assert r"\x1b[31m: no film in this folder" in err


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_a_name_that_the_terminal_cannot_show_loses_no_result(
    tiny_bundle: Path, tmp_path: Path, form: list[str]
) -> None:
    path = tmp_path / "\u80f8\u7247.png"
    Image.fromarray(film(200)).save(path)
    command = [sys.executable, "-m", "pneumoscope", "screen", str(path), "--bundle", str(tiny_bundle), *form]
    ended = subprocess.run(command, capture_output=True, env=os.environ | {"PYTHONIOENCODING": "cp1252"})
    assert ended.returncode == 0
    assert rb"\u80f8\u7247" in ended.stdout
