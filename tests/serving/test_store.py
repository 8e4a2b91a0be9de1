"""What the station remembers: leases, retries, dead letters, filters, retention."""

import os
import time
from pathlib import Path
from typing import Any

import pytest

from pneumoscope.errors import DataError
from pneumoscope.serving.retention import Janitor
from pneumoscope.serving.settings import Retention, TargetSettings
from pneumoscope.serving.spool import Spool
from pneumoscope.serving.store.database import Database
from pneumoscope.serving.store.films import MOST_ATTEMPTS, Arrival, Film, Films, Origin
from pneumoscope.serving.store.outbox import FIRST_PAUSE, KEPT_TRYING, Outbox
from pneumoscope.serving.store.results import NEWEST, URGENT, Filters, Made, Results

BUNDLE, FOLDER = "b" * 64, {"path": "/nowhere"}


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(tmp_path / "station.sqlite")


@pytest.fixture
def films(database: Database) -> Films:
    return Films(database, BUNDLE, "")


def add(films: Films, number: int = 1, **changes: Any) -> Film:
    usual = {"sop_uid": f"2.25.{number}", "sha256": f"{number:064}", "spool": f"s{number}", "size": 9}
    return films.add(Arrival(**(usual | {"origin": Origin.DICOM} | changes)))[0]


def finish(results: Results, film: Film, finding: str | None = "pneumonia", **changes: Any) -> Made:
    record = {"status": "screened" if finding else "not_assessed", "finding": finding, "probability": 0.9}
    record |= {"reason": None if finding else "blank_image", "device": "d1", "study_instance_uid": "2.25.77"} | changes
    made = Made(f"r-{film.id}", BUNDLE, "", time.time(), record, {}, ("json", "sr"))
    results.finish(film, made)
    return made


def test_a_film_is_leased_once_until_its_lease_ends(films: Films) -> None:
    film = add(films)
    leased = films.lease(60)
    assert leased
    assert (leased.id, leased.attempts) == (film.id, 1)
    assert films.lease(60) is None
    films.renew(film, -1)
    again = films.lease(60)
    assert again
    assert (again.id, again.attempts) == (film.id, 2)


def test_a_film_that_is_given_back_was_not_tried_and_a_later_lease_stays(films: Films) -> None:
    add(films)
    first = films.lease(60)
    assert first
    films.give_back(first)
    again = films.lease(-1)
    assert again
    assert again.attempts == 1
    later = films.lease(60)
    films.give_back(again)  # too late: its lease ran out, and another one holds it
    assert later
    assert films.counts()["working"] == 1


def test_a_film_that_ends_the_process_again_and_again_is_set_aside(films: Films) -> None:
    film = add(films)
    for _ in range(MOST_ATTEMPTS):
        assert films.lease(60)
        films.recover()
    assert films.counts()["failed"] == 1
    assert films.lease(60) is None
    films.retry(film.id)
    assert films.lease(60)


def test_a_film_is_judged_again_only_by_another_bundle(database: Database, films: Films) -> None:
    film = add(films)
    finish(Results(database), film)
    assert add(films).state == "done"
    later = Films(database, "c" * 64, "")
    assert add(later).state == "waiting"


def test_a_second_result_of_a_film_is_not_kept(database: Database, films: Films) -> None:
    outbox, results = Outbox(database), Results(database)
    outbox.add_target(TargetSettings("a", "folder", ("sr",), FOLDER))
    film = add(films)
    first = finish(results, film)
    assert not results.finish(film, Made("other", BUNDLE, "", 0, first.record, {}, ("sr",)))
    [(_, stored)], _ = results.page(Filters())
    assert stored
    assert stored.id == first.id
    assert len(list(outbox.of_result(first.id))) == 1
    assert not list(outbox.of_result("other"))


def test_a_target_that_fails_is_left_alone_for_longer_and_longer(database: Database, films: Films) -> None:
    outbox = Outbox(database)
    target = outbox.add_target(TargetSettings("a", "folder", ("json",), FOLDER))
    finish(Results(database), add(films))
    pauses = []
    for _ in range(4):
        database._connection().execute("UPDATE outbox SET due = 0")
        database._connection().execute("UPDATE targets SET paused_until = 0")
        taken = outbox.take()
        assert taken
        letter, now, _ = taken
        outbox.failed(letter, now, "unreachable")
        later = outbox.target(target.id)
        assert later
        pauses.append(later.paused_until - time.time())
    assert outbox.take() is None
    for number, pause in enumerate(pauses):
        assert FIRST_PAUSE * 2**number / 2 - 1 < pause <= FIRST_PAUSE * 2**number


def test_what_is_too_old_or_refused_is_a_dead_letter_that_may_be_sent_again(database: Database, films: Films) -> None:
    outbox = Outbox(database)
    target = outbox.add_target(TargetSettings("a", "folder", ("json",), FOLDER))
    finish(Results(database), add(films))
    finish(Results(database), add(films, 2))
    first = outbox.take()
    assert first
    outbox.refused(first[0], "no such class")
    database._connection().execute("UPDATE outbox SET created = created - ?", (KEPT_TRYING + 1,))
    second = outbox.take()
    assert second
    assert not second[2]
    outbox.failed(second[0], second[1], "unreachable")
    dead = outbox.letters(target.id)
    assert {letter.said for letter in dead} == {"no such class", "unreachable"}
    outbox.send_again(dead[0].id)
    outbox.note_test(target.id, "well")
    again = outbox.take()
    assert again
    assert (again[0].id, again[2]) == (dead[0].id, True)
    outbox.sent(again[0])
    assert outbox.counts()[target.id] == {"dead": 1, "sent": 1}


def test_a_target_that_sends_nothing_known_is_refused(database: Database) -> None:
    with pytest.raises(DataError, match="sr, sc and json"):
        Outbox(database).add_target(TargetSettings("a", "folder", ("pdf",), FOLDER))


def test_lists_are_filtered_searched_ordered_and_paged(database: Database, films: Films) -> None:
    results = Results(database)
    one, two, three = add(films, 1, name="Ward.png"), add(films, 2), add(films, 3, batch="b")
    finish(results, one, "normal", probability=0.1)
    finish(results, two, "pneumonia", device="d2")
    finish(results, three, None)
    waiting = add(films, 4)

    everything = Filters()

    def found(filters: Filters = everything, order: str = NEWEST) -> list[str]:
        return [film.id for film, _ in results.page(filters, order)[0]]

    assert found() == [waiting.id, three.id, two.id, one.id]
    assert found(order=URGENT) == [two.id, waiting.id, three.id, one.id]
    assert found(Filters(finding="normal")) == found(Filters(text="ward")) == [one.id]
    assert found(Filters(finding="not_assessed")) == found(Filters(reason="blank_image")) == [three.id]
    assert found(Filters(batch="b")) == [three.id]
    assert found(Filters(device="d2")) == found(Filters(text="2.25.2")) == [two.id]
    assert len(found(Filters(text="2.25.77"))) == 3
    assert found(Filters(since=time.time() + 9)) == []
    assert [film.id for film, _ in results.page(Filters(), limit=1, offset=1)[0]] == [three.id]
    assert results.counts() == {"normal": 1, "pneumonia": 1, "not_assessed": 1}


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.sqlite").write_bytes(b"no database" * 100)
    with pytest.raises(DataError, match="no database of a station"):
        Database(tmp_path / "x.sqlite")


def test_a_change_that_fails_leaves_nothing(database: Database) -> None:
    def fail() -> None:
        with database.writing() as write:
            write.execute("INSERT INTO events (made, who, what) VALUES (1, 'a', 'b')")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert database.count("SELECT count(*) FROM events") == 0


def test_pixels_results_and_journals_go_each_in_their_time(database: Database, films: Films, tmp_path: Path) -> None:
    spool, folder, journals = Spool(tmp_path / "spool", 0), tmp_path / "results", tmp_path / "journal"
    results = Results(database)
    journals.mkdir()
    made = []
    for number, days in ((1, 1), (2, 20), (3, 200)):
        film = add(films, number, spool=spool.add(b"x"))
        made.append(finish(results, film))
        (folder / made[-1].id).mkdir(parents=True)
        then = time.time() - 86400 * days
        database._connection().execute("UPDATE films SET received = ? WHERE id = ?", (then, film.id))
        journal = journals / f"journal-2026-0{number}.jsonl"
        journal.touch()
        os.utime(journal, (then, then))
        os.utime(folder / made[-1].id, (then, then))
    Janitor(database, spool, folder, journals, Retention(pixels=10, results=100, journal=30)).clean()
    assert len(list(spool.folder.iterdir())) == 1
    assert {path.name for path in folder.iterdir()} == {made[0].id, made[1].id}
    assert len(list(journals.iterdir())) == 2
    Janitor(database, spool, folder, journals, Retention(pixels=0)).clean()
    assert len(films.spooled()) == 1
