"""A release that an earlier incident went back from is never proposed again by itself."""

from __future__ import annotations

from pathlib import Path

from journals import TARGET, Book, plan

from actions.model import events as ev
from actions.model.release import Release, WayBack
from actions.steps.propose import propose
from app.known import known_releases, with_bad


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
