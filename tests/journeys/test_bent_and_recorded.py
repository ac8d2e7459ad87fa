"""What is bent is in the ledger whatever the words of others say, however a run ended, and whose record it is."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from coolify_flight import InProcess, flying
from journals import Book, plan, planned

from actions.engine.elsewhere import pay_elsewhere
from actions.engine.execute import _debts, resolve
from actions.gateways.journal import SqliteJournal
from actions.model import events as ev
from actions.model.clock import ManualClock
from actions.model.debts import of_events
from actions.model.effect_coolify import CollectCoolify, CoolifyCall, SetVariables
from actions.model.errors import GoaroundError
from actions.model.kept_environment import KeptFile
from actions.model.step import Happened
from actions.steps.coolify_environment import SetEnvironment

SINCE = "2026-11-25T10:00:00Z"


def sets(*names: str, target: str = "v1") -> SetEnvironment:
    call = CoolifyCall("https://c", "PATCH", "/applications/abcdef/envs/bulk")
    kept = KeptFile("predeploy", "private/x.gz", "ab")
    values = SetVariables(call, kept, dict.fromkeys(names, "m"), dict.fromkeys(names, "n"))
    return SetEnvironment(CollectCoolify(call, "environment", "before.json", True), values, target, "B5", SINCE)


def opened(book: Book, step: SetEnvironment) -> list[ev.DebtOpened]:
    """What one more run of it, which came about, brings into the ledger; recorded."""
    incident = book.start("B5")
    found = _debts(incident, incident.runs[-1], step._owed(), took=True, now=book.clock.now())
    book.add(*found)
    book.finish()
    return [one for one in found if isinstance(one, ev.DebtOpened)]


@pytest.fixture
def book(tmp_path: Path) -> Book:
    made = Book(tmp_path / "store")
    made.decide()
    made.draw(plan(planned("B5", phase="before", optional=True), planned("X1")))
    return made


def test_what_people_write_hides_nothing_that_is_bent(book: Book) -> None:
    """A glass was broken because "the environment" is broken: that is no word about the variables."""
    book.add(ev.DebtOpened("break-glass-1", "explain break-glass by ops1 (the environment is broken) to x", "", SINCE))
    book.add(ev.DebtOpened("X1.9", "auto-deploy of staging environment is off", "u on X1", SINCE))
    assert len(opened(book, sets("A", "B"))) == 1


def test_the_same_variables_are_owed_once_and_others_anew(book: Book) -> None:
    """Another plan sets other ones: they are looked through as well."""
    assert len(opened(book, sets("A", "B"))) == 1
    assert opened(book, sets("A", "B")) == []
    (second,) = opened(book, sets("C"))
    assert "look through them (C)" in second.text


def test_a_thing_that_is_gone_explains_no_broken_glass(book: Book) -> None:
    """Only what is bent is paid by a step."""
    book.add(ev.DebtOpened("break-glass-1", "explain break-glass by ops1 (shop_side fills the disk) to x", "", SINCE))
    book.add(ev.DebtOpened("X1.9", "side database shop_side is kept beside the live one", "u on X1", SINCE))
    incident = book.start("X1")
    paid = _debts(incident, incident.runs[-1], {"pays about": "shop_side"}, took=True, now=book.clock.now())
    assert [one.debt for one in paid if isinstance(one, ev.DebtPaid)] == ["X1.9"]


class Starts(InProcess):
    """The intent is on record, and the worker is gone."""

    def start(self, commit: Callable[[int, int], int]) -> int:
        number = commit(os.getpid(), 1)
        self._session.sync()
        return number


def test_what_a_lost_run_has_bent_is_recorded_with_its_end_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full for a moment: the run keeps its open end, until what it bent is in the ledger with it."""
    with flying(tmp_path / "shop", monkeypatch) as flown:
        flown.drawn()
        assert flown.run("B1") == "done"
        session = flown.session
        session._runner = Starts(session)  # type: ignore[assignment]  # the worker dies at once
        session.start("X1", armed="enter")
        flown.app.settings["is_auto_deploy_enabled"] = False  # its request arrived
        number = session.incident.runs[-1].number
        world, whole = session.world(), SqliteJournal.append_all

        def full(journal: Any, incident: str, actor: str, bodies: Sequence[ev.Body], **more: Any) -> list[ev.Event]:
            if any(isinstance(one, ev.DebtOpened) for one in bodies):
                raise GoaroundError("the disk is full")
            return whole(journal, incident, actor, bodies, **more)

        monkeypatch.setattr(SqliteJournal, "append_all", full)
        with pytest.raises(GoaroundError, match="the disk is full"):
            resolve(session.journal, world, session.incident.id, number, "ops1")
        session.sync()
        assert session.incident.running is not None
        monkeypatch.setattr(SqliteJournal, "append_all", whole)
        assert resolve(session.journal, world, session.incident.id, number, "ops1").happened is Happened.YES
        session.sync()
        assert session.incident.running is None
        assert flown.owed() == ["auto-deploy of shop is off"]


@pytest.mark.parametrize(
    ("environment", "mode", "paid"), [("drill", "drill", True), ("staging", "drill", False), ("drill", "live", False)]
)
def test_a_step_pays_for_records_of_its_own_environment_alone(
    environment: str, mode: str, paid: bool, tmp_path: Path
) -> None:
    """A shared store, one name: that staging deploys by itself again says nothing of production."""
    book = Book(tmp_path / "store", ManualClock())
    book.add(ev.DebtOpened("X1.1", "auto-deploy of shop is off", "u on X1", SINCE))
    book.add(ev.IncidentParked("not recovered"))
    first = book.id
    declared = book.incident().declared
    assert declared is not None
    other = dataclasses.replace(declared, environment=environment, mode=mode)
    book.id = book.journal.declare("ops1", other).incident
    incident = book.add(ev.DebtOpened("X1.1", "auto-deploy of shop is off", "u on X1", SINCE))
    pay_elsewhere(book.journal, incident, "Z1", {"pays": "X1"}, [ev.DebtPaid("X1.1", "Z1")], "ops1")
    (debt,) = of_events(book.journal.debt_events([first])[first])
    assert debt.paid == (f"Z1 of {incident.id}" if paid else "")
