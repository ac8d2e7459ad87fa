"""What was paid by hand by mistake is owed again: who said so and why stands in the record; nothing is taken away."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from coolify_flight import flying
from pilot_moves import comes, hears, sees
from tiny_flight_operator import Scripted
from tiny_system import Tiny, build, refused
from widget_bench import screen_text

from actions.model import events as ev
from actions.model.debts import holding
from actions.model.incident import Debt
from actions.model.parked import may_be_closed
from actions.model.record_text import markdown
from app.cli import main
from app.cockpit import cockpit
from app.debt_desk import assign, pay, reopen
from app.parking import close_parked
from app.plain import Plain
from app.records import verify_target
from app.session import Session
from app.signing import sign_off
from app.who import who_am_i
from widgets.debts_dialog import DebtsDialog
from widgets.reason_dialog import ReasonDialog

FREEZE = ev.DebtOpened("X1.2", "auto-deploy of shop is off", "u on X1", "2026-11-25T10:00:00Z")
Goaround = Callable[..., tuple[int, str, str]]


@pytest.fixture
def tiny(tmp_path: Path) -> Tiny:
    one = build(tmp_path / "tiny")
    one.follow_the_built_in()
    return one


@pytest.fixture
def session(tiny: Tiny) -> Iterator[Session]:
    """Parked with one thing bent."""
    one = tiny.session()
    assert one.take_lease()
    one.declare("pages fail")
    one.record(FREEZE)
    one.park_incident("not recovered", "it did not help")
    yield one
    one.close()
    one.journal.close()


@pytest.fixture
def goaround(tiny: Tiny, capsys: pytest.CaptureFixture[str]) -> Goaround:
    def run(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([*arguments, "--store", str(tiny.store)])
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return run


def of(session: Session, name: str) -> list[Debt]:
    session.sync()
    return [one for one in session.incident.debts if one.name == name]


def test_it_keeps_the_record_open_again(session: Session, goaround: Goaround) -> None:
    """From a shell: the payment stays, the new one has its text, undo, deadline, owner and ticket; the record tells."""
    one = session.incident.id
    assign(session, "X1.2", owner="ops2", ticket="T-7")
    pay(session, "X1.2", "switched on")
    session.sync()
    assert may_be_closed(session.incident)
    status, said, _ = goaround("debts", "reopen", one, "x1.2", "--why", "that was staging\x1b[31m")
    assert (status, said.splitlines()[0][: len(one) + 29]) == (0, f"{one} X1.2 is owed again: auto-dep")
    paid, again = of(session, "X1.2")
    assert paid.paid == "by hand: switched on"
    me = who_am_i({}).login  # a shell is whoever is logged in
    assert (again.why, again.opened_by, again.paid) == ("that was staging", me, "")
    assert (again.text, again.undo, again.due) == (FREEZE.text, FREEZE.undo, FREEZE.due)
    assert (again.owner, again.ticket) == ("ops2", "T-7")
    assert [debt.name for debt in holding(session.incident.debts)] == ["X1.2"]
    assert "is bent" in refused(lambda: close_parked(session))
    status, said, _ = goaround("debts", one)
    assert f"opened anew by {me}" in said
    assert ": that was staging" in said
    status, said, _ = goaround("debts", one, "--json", "--all")
    assert [(row["why"], bool(row["paid"])) for row in json.loads(said)["debts"] if row["code"] == "X1.2"] == [
        ("that was staging", False),
        ("", True),
    ]
    text = markdown(session.incident, session.journal.events(one))
    assert f"opened anew by {me}" in text
    assert "debt X1.2 opened anew: that was staging" in text
    pay(session, "X1.2", "switched on, in production")
    close_parked(session)
    sign_off(session, "executed", "ops1")
    assert verify_target(one, session.journal).status == 0


def test_only_what_a_person_paid_and_only_once(session: Session, goaround: Goaround) -> None:
    """Open, unknown, paid by a step, without a reason, of a record that is closed for good: one line, and nothing."""
    one = session.incident.id
    head = session.incident.head_seq

    def said(*more: str) -> str:
        status, _, err = goaround("debts", "reopen", one, *more)
        assert status in (1, 2)
        assert len(err.splitlines()) <= 3
        return err

    assert "X1.2 is owed already" in said("X1.2", "--why", "x")
    assert "has no debt 'X9'" in said("X9", "--why", "x")
    assert "--how does not belong here" in said("X1.2", "--how", "x")
    assert "give the record and the code" in said("--why", "x")
    session.sync()
    assert session.incident.head_seq == head
    session.record(ev.DebtPaid("X1.2", "Z1"), drive=False)
    assert "that was a step, not a person" in said("X1.2", "--why", "x")
    session.record(FREEZE, drive=False)
    pay(session, "X1.2", "switched on")
    assert "say why it is owed all the same" in said("X1.2")
    reopen(session, "X1.2", "it is off")
    assert "X1.2 is owed already: opened anew by ops1, it is off" in said("X1.2", "--why", "x")
    pay(session, "X1.2", "now it is on")
    close_parked(session)
    assert "is closed for good" in said("X1.2", "--why", "x")
    # What is only to be done holds no record open: it may turn out not to be done after the close, too.
    pay(session, "R1", "known")
    assert goaround("debts", "reopen", one, "R1", "--why", "it was not the cache")[0] == 0
    assert [bool(debt.paid) for debt in of(session, "R1")] == [True, False]


@pytest.mark.parametrize("size", [(160, 48), (80, 24), (60, 16)])
async def test_in_the_dialog(session: Session, size: tuple[int, int]) -> None:
    """Enter on a paid one says how; Space asks why, and it stands there open, with the reason."""
    for debt in list(session.incident.debts):
        pay(session, debt.name, "done")
    app = cockpit(session)
    async with app.run_test(size=size) as pilot:
        await pilot.press("D")
        await hears(pilot, DebtsDialog)
        await sees(pilot, "Space takes back")
        await pilot.press("enter")
        await sees(pilot, "X1.2 is paid already: Space takes that back")
        await pilot.press("space")
        await hears(pilot, ReasonDialog)
        await sees(pilot, "Why is it owed all the same?", "Open anew")
        await pilot.press(*"off", "enter")
        await comes(pilot, lambda: not of(session, "X1.2")[-1].paid, "the new debt")
        await hears(pilot, DebtsDialog)
        await sees(pilot, "opened anew by ops1")
        await pilot.press("space")
        await sees(pilot, "X1.2 is owed already")
        assert "Traceback" not in screen_text(app)
    assert of(session, "X1.2")[-1].why == "off"


def test_in_plain_lines(session: Session) -> None:
    """f CODE of a paid one tells who paid it, and asks why it is owed all the same; nothing leaves it as it is."""
    pay(session, "X1.2", "switched on")
    operator = Scripted(["f x1.2", "", "f x1.2", "it is off", "q"])
    Plain(session, operator).fly()
    assert "X1.2 was paid by ops1" in operator.text
    assert [one.why for one in of(session, "X1.2")] == ["", "it is off"]


def test_its_step_straightens_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The step asks for it again, and pays it by what it reads."""
    with flying(tmp_path / "shop", monkeypatch) as flown:
        flown.drawn()
        assert set(flown.fly().values()) == {"done"}, flown.said
        name = flown.session.incident.debts[0].name
        pay(flown.session, name, "somebody has switched it on")
        assert flown.owed() == []
        reopen(flown.session, name, "nobody has")
        assert flown.owed() == ["auto-deploy of shop is off"]
        assert flown.run("Z1") == "done", flown.said
        assert [one.paid for one in of(flown.session, name)] == ["by hand: somebody has switched it on", "Z1"]
        assert "that was a step" in refused(lambda: reopen(flown.session, name, "x"))
