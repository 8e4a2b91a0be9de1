"""A real station with the released bundle, and clients of its pages."""

from collections.abc import Iterator

import pytest

pytest.importorskip("fastapi", reason="the extra serve is not installed")

import httpx
from served import SAME, served

from pneumoscope.serving.settings import Settings, TargetSettings, WebSettings
from pneumoscope.serving.station import Station
from pneumoscope.serving.store.people import People, Role

PASSWORD = "a long enough password"  # noqa: S105


@pytest.fixture(scope="session")
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Station]:
    folder = tmp_path_factory.mktemp("station")
    target = TargetSettings("archive", "folder", ("sr", "sc", "json"), {"path": str(folder / "out")})
    settings = Settings(state=folder / "state", workers=1, free=0, web=WebSettings(port=0), targets=(target,))
    with Station(settings) as started:
        yield started


@pytest.fixture
def address(station: Station) -> Iterator[str]:
    with served(station) as place:
        yield place


@pytest.fixture
def client(address: str) -> Iterator[httpx.Client]:
    """A browser on a page of the station."""
    with httpx.Client(base_url=address, headers=SAME, trust_env=False, timeout=60) as made:
        yield made


@pytest.fixture
def stranger(address: str) -> Iterator[httpx.Client]:
    """A program, which says nothing of where it comes from."""
    with httpx.Client(base_url=address, trust_env=False, timeout=60) as made:
        yield made


@pytest.fixture
def people(station: Station) -> Iterator[People]:
    """Accounts of all roles, named as their roles, for one test."""
    found = People(station.database)
    for role in reversed(Role):
        found.put_account(role.value, role, PASSWORD)
    yield found
    with station.database.writing() as write:
        for table in ("sessions", "tokens", "accounts"):
            write.execute(f"DELETE FROM {table}")  # noqa: S608
