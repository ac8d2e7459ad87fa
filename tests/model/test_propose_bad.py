"""A release that an earlier incident went back from is never proposed again by itself."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from journals import TARGET, Book, declared, plan

from actions.gateways.journal import SqliteJournal
from actions.model import events as ev
from actions.model.clock import ManualClock
from actions.model.last_good import Standing, judge
from actions.model.quick_dataclass import replace
from actions.model.release import Release, WayBack
from actions.model.release_history import History
from actions.model.release_rows import Listing
from actions.steps.propose import propose
from app.known import known_releases, with_bad
from app.release_sources import INCIDENTS, record_of


def test_what_was_fled_from_is_marked_and_not_proposed(tmp_path: Path) -> None:
    """The record of one incident warns the next one."""
    book = Book(tmp_path / "s")
    book.decide()
    book.draw(plan())
    for code in ("B1", "X1", "X2"):
        book.run(code)
    book.add(ev.Closed("recovered", ""))
    fled, older = Release(name="bad", commit="b" * 40, way_back=WayBack.READY), Release(name="old", commit="c" * 40)
    now = Release(name="now", commit="d" * 40, way_back=WayBack.RUNNING)
    seen = with_bad((now, fled, older), book.journal, "shop")
    assert seen[1].bad == f"bad: {book.id} went back from it"
    assert not seen[2].bad
    assert propose(seen).release == older
    assert propose((now, fled, older)).release == fled
    assert known_releases(book.journal, "shop")() == (TARGET,)


def test_where_the_first_way_back_did_not_help_both_are_marked(tmp_path: Path) -> None:
    """Gone back to "c", which was no better, and from there further: the release that began it all is bad as well."""
    book = Book(tmp_path / "s")
    book.decide()
    first = replace(plan(), target=Release(name="c", commit="c" * 40, source="git tag"))
    book.draw(first)
    for code in ("B1", "X1"):
        book.run(code)
    book.draw(replace(plan(), running="c" * 40))
    for code in ("B1", "X1", "X2"):
        book.run(code)
    book.add(ev.Closed("recovered", ""))
    every = tuple(Release(name=sha, commit=sha * 40, way_back=WayBack.READY) for sha in "bca")
    seen = with_bad(every, book.journal, "shop")
    assert [bool(one.bad) for one in seen] == [True, True, False]
    (trouble,), _ = record_of(book.journal, "shop", drill=True)
    assert (trouble.fled, trouble.before, trouble.target) == ("c" * 40, ("b" * 40,), "a" * 40)
    found = History("git", (Listing("git", every),), (trouble,), now=datetime.now(UTC))
    assert [judge(found, row).standing for row in found.rows()][:2] == [Standing.INCIDENT, Standing.INCIDENT]


def test_an_abandoned_incident_accuses_nobody(tmp_path: Path) -> None:
    """Only a proven recovery says that the release before it was bad."""
    book = Book(tmp_path / "s")
    book.draw(plan())
    book.add(ev.Closed("abandoned", "false start"))
    seen = with_bad((Release(name="b", commit="b" * 40, way_back=WayBack.READY),), book.journal, "shop")
    assert not seen[0].bad


def test_a_plan_of_another_version_does_not_stop_this_incident(tmp_path: Path) -> None:
    """F18: an old record that this version cannot read tells nothing of releases, and breaks nothing."""
    book = Book(tmp_path / "s")
    data = plan().to_json()
    data["steps"][0]["effects"] = [{"kind": "effect-of-tomorrow"}]
    book.journal.append(book.id, "ops1", ev.PlanDrawn("0" * 64, data))
    assert known_releases(book.journal, "shop")() == ()
    assert with_bad((TARGET,), book.journal, "shop") == (TARGET,)


def test_drills_of_every_night_do_not_hide_what_really_happened(tmp_path: Path) -> None:
    """The release that was fled from stays bad, however often was practised since."""
    journal = SqliteJournal(tmp_path / "s", ManualClock())
    real = journal.declare("ops1", declared("live")).incident
    journal.append(real, "ops1", ev.PlanDrawn(plan().digest, plan().to_json()))
    journal.append(real, "ops1", ev.Closed("recovered", ""))
    for _ in range(INCIDENTS + 5):
        drill = journal.declare("ops1", declared("drill")).incident
        journal.append(drill, "ops1", ev.Closed("recovered", ""))
    (trouble,), _ = record_of(journal, "shop")
    assert (trouble.incident, trouble.fled) == (real, "b" * 40)
