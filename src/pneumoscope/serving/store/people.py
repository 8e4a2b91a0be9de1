"""Who may do what: accounts, sessions of browsers, and tokens of programs.

A password is kept as its Argon2 hash. Of a cookie and of a token only the SHA-256 is kept.
"""

import hashlib
import secrets
import sqlite3
import threading
import time
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from pneumoscope.errors import DataError
from pneumoscope.serving.store.database import Database

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SESSION = 12 * 3600.0
"""Seconds after which a browser has to sign in again."""

SHORTEST = 12
"""Fewest characters of a password."""

_LONGEST = 200  # characters of a password: more would only cost time


class Role(StrEnum):
    """What somebody may do. Each may do what the ones before it may.

    Readers send and read films, and say what they see. Physicists look after the site's thresholds as well.
    Administrators look after targets, tokens and accounts.
    """

    READER = "reader"
    PHYSICIST = "physicist"
    ADMINISTRATOR = "administrator"

    def reaches(self, other: "Role") -> bool:
        """Whether this role may do what the other may."""
        order = list(Role)
        return order.index(self) >= order.index(other)


@dataclass(frozen=True)
class Person:
    """Somebody who asks for something: a person, or a program with a token.

    Attributes:
        name: of the account or the token.
        role: what they may do.
    """

    name: str
    role: Role


@dataclass(frozen=True)
class Token:
    """A token of a program, without the secret.

    Attributes:
        name: says which program has it.
        role: what it may do.
        created: seconds since 1970.
    """

    name: str
    role: Role
    created: float


class People:
    """The accounts, sessions and tokens of a station."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._hashing = threading.Lock()  # Argon2 takes 64 MiB: one at a time

    def accounts(self) -> list[Person]:
        """All accounts, by name."""
        rows = self._database.all("SELECT name, role FROM accounts ORDER BY name")
        return [Person(row["name"], Role(row["role"])) for row in rows]

    def has_administrator(self) -> bool:
        """Whether an account may look after the station."""
        return any(account.role is Role.ADMINISTRATOR for account in self.accounts())

    def put_account(self, name: str, role: Role, password: str) -> None:
        """Make an account, or give the one of that name another role and password. Its sessions end.

        Raises:
            DataError: the name or the password will not do, or nobody would be administrator any more.
        """
        if not (0 < len(name) <= 64 and name.isprintable() and name == name.strip()):
            raise DataError("The name of an account has 1 to 64 characters, without spaces at its ends.")
        if not SHORTEST <= len(password) <= _LONGEST:
            raise DataError(f"A password has {SHORTEST} to {_LONGEST} characters; a few words are easily kept in mind.")
        with self._hashing:
            hashed = _hasher().hash(password)
        with self._database.writing() as write:
            write.execute(
                "INSERT INTO accounts VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET role = excluded.role,"
                " password = excluded.password",
                (name, role, hashed),
            )
            write.execute("DELETE FROM sessions WHERE account = ?", (name,))
            _check_administrator(write)

    def remove_account(self, name: str) -> None:
        """Forget an account and end its sessions.

        Raises:
            DataError: nobody would be administrator any more.
        """
        with self._database.writing() as write:
            write.execute("DELETE FROM accounts WHERE name = ?", (name,))
            _check_administrator(write)

    def check_password(self, name: str, password: str) -> Person | None:
        """Who has this name and password; None where nobody has. It takes as long for a name that is not known."""
        from argon2.exceptions import InvalidHashError, VerificationError

        row = self._database.one("SELECT * FROM accounts WHERE name = ?", name)
        with self._hashing:
            try:
                _hasher().verify(row["password"] if row else _nobody(), password[:_LONGEST])
            except (VerificationError, InvalidHashError):
                return None
        return Person(row["name"], Role(row["role"])) if row else None

    def open_session(self, person: Person) -> str:
        """Begin a session.

        Returns:
            The value of the cookie; it is not kept here.
        """
        secret = secrets.token_urlsafe(32)
        with self._database.writing() as write:
            write.execute("DELETE FROM sessions WHERE expires < ?", (time.time(),))
            write.execute(
                "INSERT INTO sessions VALUES (?, ?, ?)", (_sha256(secret), person.name, time.time() + SESSION)
            )
        return secret

    def of_session(self, cookie: str) -> Person | None:
        """Whose session this is; None where it is none, or it ran out."""
        row = self._database.one(
            "SELECT a.name, a.role FROM sessions s JOIN accounts a ON a.name = s.account"
            " WHERE s.sha256 = ? AND s.expires > ?",
            _sha256(cookie),
            time.time(),
        )
        return Person(row["name"], Role(row["role"])) if row else None

    def end_session(self, cookie: str) -> None:
        """Sign out. Safe to repeat."""
        with self._database.writing() as write:
            write.execute("DELETE FROM sessions WHERE sha256 = ?", (_sha256(cookie),))

    def add_token(self, name: str, role: Role) -> str:
        """Make a token for a program.

        Returns:
            The token. It is not kept, so it can be shown only now.

        Raises:
            DataError: the name will not do, or is taken.
        """
        if not (0 < len(name) <= 64 and name.isprintable()):
            raise DataError("The name of a token has 1 to 64 characters; name the program that will use it.")
        secret = f"pneumo_{secrets.token_urlsafe(32)}"
        try:
            with self._database.writing() as write:
                write.execute("INSERT INTO tokens VALUES (?, ?, ?, ?)", (_sha256(secret), name, role, time.time()))
        except sqlite3.IntegrityError:
            raise DataError("There is a token of that name; take another name, or withdraw that one first.") from None
        return secret

    def tokens(self) -> list[Token]:
        """All tokens, by name."""
        rows = self._database.all("SELECT name, role, created FROM tokens ORDER BY name")
        return [Token(row["name"], Role(row["role"]), row["created"]) for row in rows]

    def remove_token(self, name: str) -> None:
        """Withdraw a token. Safe to repeat."""
        with self._database.writing() as write:
            write.execute("DELETE FROM tokens WHERE name = ?", (name,))

    def of_token(self, token: str) -> Person | None:
        """Whose token this is; None where it is none."""
        row = self._database.one("SELECT name, role FROM tokens WHERE sha256 = ?", _sha256(token))
        return Person(row["name"], Role(row["role"])) if row else None


def _check_administrator(write: sqlite3.Connection) -> None:
    if not write.execute("SELECT 1 FROM accounts WHERE role = 'administrator'").fetchone():
        raise DataError("At least one account has to be an administrator; make another one first.")


def _sha256(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "backslashreplace")).hexdigest()


def _hasher() -> "PasswordHasher":
    from argon2 import PasswordHasher

    return PasswordHasher()


_NOBODY: list[str] = []


def _nobody() -> str:
    """A hash of a password that nobody has."""
    if not _NOBODY:
        _NOBODY.append(_hasher().hash(secrets.token_urlsafe(32)))
    return _NOBODY[0]
