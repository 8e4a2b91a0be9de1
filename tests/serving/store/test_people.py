"""Accounts, sessions and tokens."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pneumoscope.errors import DataError
from pneumoscope.serving.store import people as module
from pneumoscope.serving.store.database import Database
from pneumoscope.serving.store.people import People, Person, Role

PASSWORD = "a long enough password"  # noqa: S105


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(tmp_path / "station.sqlite")
    yield opened
    opened.close()


@pytest.fixture
def people(database: Database) -> People:
    found = People(database)
    found.put_account("boss", Role.ADMINISTRATOR, PASSWORD)
    return found


def test_each_role_may_do_what_the_ones_before_it_may() -> None:
    assert Role.ADMINISTRATOR.reaches(Role.PHYSICIST)
    assert Role.PHYSICIST.reaches(Role.READER)
    assert Role.READER.reaches(Role.READER)
    assert not Role.READER.reaches(Role.PHYSICIST)


def test_a_password_is_checked_and_not_kept(people: People, database: Database) -> None:
    assert people.check_password("boss", PASSWORD) == Person("boss", Role.ADMINISTRATOR)
    assert people.check_password("boss", PASSWORD + "!") is None
    assert people.check_password("nobody", PASSWORD) is None
    kept = database.all("SELECT password FROM accounts")[0]["password"]
    assert kept.startswith("$argon2id$")
    assert PASSWORD not in kept


@pytest.mark.parametrize(("name", "password"), [("", PASSWORD), ("a\nb", PASSWORD), (" a", PASSWORD), ("a", "short")])
def test_poor_names_and_passwords_are_refused(people: People, name: str, password: str) -> None:
    with pytest.raises(DataError):
        people.put_account(name, Role.READER, password)


def test_the_first_account_is_an_administrator_and_the_last_one_stays(database: Database) -> None:
    people = People(database)
    with pytest.raises(DataError, match="administrator"):
        people.put_account("reader", Role.READER, PASSWORD)
    assert people.accounts() == []
    people.put_account("boss", Role.ADMINISTRATOR, PASSWORD)
    for change in (lambda: people.remove_account("boss"), lambda: people.put_account("boss", Role.READER, PASSWORD)):
        with pytest.raises(DataError, match="administrator"):
            change()
    assert people.has_administrator()


def test_a_session_lasts_until_it_ends(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    cookie = people.open_session(people.accounts()[0])
    assert people.of_session(cookie) == Person("boss", Role.ADMINISTRATOR)
    assert people.of_session(cookie + "x") is None
    people.end_session(cookie)
    assert people.of_session(cookie) is None
    monkeypatch.setattr(module, "SESSION", -1.0)
    assert people.of_session(people.open_session(people.accounts()[0])) is None


def test_another_password_ends_the_sessions(people: People) -> None:
    cookie = people.open_session(people.accounts()[0])
    people.put_account("boss", Role.ADMINISTRATOR, PASSWORD + "2")
    assert people.of_session(cookie) is None


def test_a_token_is_shown_once_and_can_be_withdrawn(people: People, database: Database) -> None:
    token = people.add_token("gateway", Role.READER)
    assert people.of_token(token) == Person("gateway", Role.READER)
    assert token not in str([tuple(row) for row in database.all("SELECT * FROM tokens")])
    with pytest.raises(DataError, match="token of that name"):
        people.add_token("gateway", Role.READER)
    people.remove_token("gateway")
    assert people.of_token(token) is None
