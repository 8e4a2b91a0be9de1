"""The public release is known by its content: by its digests, or by the record of ``data fetch``."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from pneumoscope.data.layout import load
from pneumoscope.data.public.fetch import RECORD, Fetched, fingerprint_below
from pneumoscope.data.public.recognition import is_public_release
from pneumoscope.data.splits import divided
from pneumoscope.data.synthetic import write_dataset


def _recognised(source: Path) -> bool:
    return is_public_release(source, divided(load(source)))


def test_the_copies_at_hand_are_known_and_a_part_of_them_is_not(real_films: Path) -> None:
    digests = list(divided(load(real_films)))
    assert is_public_release(real_films, digests)
    assert not is_public_release(real_films, digests[1:])


@pytest.fixture
def fetched(tmp_path: Path) -> Path:
    """A folder that looks as ``data fetch`` leaves one."""
    write_dataset(tmp_path, per_class=4, seed=0)
    record = Fetched("a test", "CC BY 4.0", "", None, {}, fingerprint_below(tmp_path))
    (tmp_path / RECORD).write_text(json.dumps(asdict(record)))
    return tmp_path


def test_names_like_those_of_the_release_prove_nothing(tmp_path: Path) -> None:
    write_dataset(tmp_path, per_class=4, seed=0)
    assert not _recognised(tmp_path)


def test_a_fetched_folder_is_known_while_it_is_as_it_came(fetched: Path) -> None:
    (fetched / ".DS_Store").touch()
    assert _recognised(fetched)
    film = next((fetched / "train" / "NORMAL").iterdir())
    (fetched / "train" / "NORMAL" / "mine.png").write_bytes(film.read_bytes()[:-1])
    assert not _recognised(fetched)


def test_a_damaged_record_proves_nothing(fetched: Path) -> None:
    (fetched / RECORD).write_text("{")
    assert not _recognised(fetched)


def test_a_manifest_has_no_record(fetched: Path) -> None:
    manifest = fetched / "films.csv"
    manifest.write_text("path,label\n")
    assert not is_public_release(manifest, [])
