"""What a Coolify system tells while it goes back: its deployment's log, its application's log, and its own word."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from coolify_flight import GOOD, Flown, flying
from fake_coolify import FakeCoolify
from fake_coolify_quirks import Fault
from fake_coolify_state import App
from pilot_moves import comes, sees_joined

from actions.gateways.coolify_logs import CoolifyLogs
from actions.gateways.engine_logs import EngineLogs
from actions.model import phases
from actions.model.blocking import Move, next_move
from actions.model.checklist import Phase
from actions.model.debts import holding
from actions.model.incident import items
from actions.model.sensing import can_sense
from app.cockpit import cockpit
from app.debt_desk import pay
from app.feeds import log_count
from app.log_sources import log_sources
from app.lookout_coolify import CoolifyLook
from app.parking import close_parked
from widgets.checklist_rows import ChecklistRow, checklist_rows
from widgets.log_stream import LogStream


def lamp(flown: Flown, code: str) -> ChecklistRow:
    """The checklist's row of a step."""
    session = flown.session
    return next(row for row in checklist_rows(session.incident, session.clock.now()) if row.code == code)


def test_the_log_is_polled_where_no_engine_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``containers = false``: the application's log, as Coolify tells it; a source among the others."""
    with flying(tmp_path / "shop", monkeypatch) as flown:
        (source,) = log_sources(flown.session)
        assert isinstance(source, CoolifyLogs)
        assert source.name == "app"
        assert [line.text for line in source.look()] == flown.app.output
        assert log_count(flown.session.settings) == 1
        assert can_sense("errors.rate", {"coolify": {"url": "x"}})


def test_the_containers_are_followed_where_an_engine_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``containers = true``: by the UUID in their names, through every deployment."""
    with flying(tmp_path / "shop", monkeypatch, table="containers = true") as flown:
        (source,) = log_sources(flown.session)
        assert isinstance(source, EngineLogs)
        assert (source._project, source._named) == (flown.app.uuid, True)


def test_the_logs_of_earlier_deployments_are_kept_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """B1: lists read the beginning of a log; what is kept as evidence ends where the log ends."""
    history = [f"{number:x}" * 40 for number in range(3, 6)]

    def setup(coolify: FakeCoolify, app: App) -> None:
        coolify.add_history(app, history, logged=90)

    with flying(tmp_path / "shop", monkeypatch, setup=setup) as flown:
        flown.drawn()
        assert flown.run("B1") == "done", flown.said
        (kept,) = [one for one in flown.session.incident.evidence if one.name == "coolify-deployments.json"]
        rows = json.loads(gzip.decompress((flown.session.folder() / "evidence" / kept.path).read_bytes()))
        logs = {row["commit"]: [entry["text"] for entry in row["log"]] for row in rows}
        assert [logs[commit][-1] for commit in history] == ["line 89"] * 3
        assert len(logs[history[0]]) == 90


@pytest.mark.parametrize("size", [(160, 48), (80, 24)])
async def test_the_deployment_is_read_in_the_log_pane(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    """Each line of its log once and in Coolify's order, under the step's divider; ``finished`` stays a word."""
    with flying(tmp_path / "shop", monkeypatch) as flown:
        flown.drawn()
        flown.fly("B1", "X1", "X3")
        row = flown.coolify.deployments(flown.app)[0]
        wanted = [entry["output"] for entry in sorted(row.log, key=lambda one: one["order"]) if not entry["hidden"]]
        assert len(wanted) > 3
        app = cockpit(flown.session)
        async with app.run_test(size=size) as pilot:
            logs = app.screen.query_one(LogStream)
            await comes(pilot, lambda: any("Coolify says finished" in line.text for line in logs.lines), "its end")
            told = [line.text for line in logs.lines if line.source == "deployment"]
            ours = [text for text in told if not text.startswith("── ")]
            assert len(ours) >= len(wanted)
            assert next(text.split("\n")[0] for text in wanted if text.strip()) in ours[0]
            assert len([text for text in told if "says in_progress" in text]) <= 1
            assert any("Coolify says finished, its word: what runs is proven by itself" in text for text in told)
            assert any(line.level == "divider" and "X3" in line.text for line in logs.lines)
            before = len(logs.lines)
            app.screen.drain_spool()  # type: ignore[attr-defined]  # each tenth of a second
            await pilot.pause()
            again = [line.text for line in logs.lines if line.source == "deployment"]
            assert (again, len(logs.lines) >= before) == (told, True), "nothing is told twice, nothing is lost"
            await pilot.press("4")
            await sees_joined(pilot, "Coolify says finished")


def test_the_first_line_of_the_new_container_is_marked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """F04: where no engine is asked: what the old container wrote stays, and it is said where the new one begins."""
    with flying(tmp_path / "shop", monkeypatch) as flown:
        flown.app.output += ["GET / 500", "ERROR: no table"]
        (source,) = log_sources(flown.session)
        assert isinstance(source, CoolifyLogs)
        old = [line.text for line in source.look()]
        assert old == ["Listening on :8080", "GET / 500", "ERROR: no table"]
        flown.drawn()
        assert set(flown.fly().values()) == {"done"}, flown.said
        flown.coolify.fail(Fault.STATUS_BEFORE, "GET", "*/logs", times=2)
        assert "no log: " in source.look()[0].text
        assert source.look() == [], "a trouble is told once"
        told = [line.text for line in source.look()]
        assert told[0].endswith("Coolify gives its log again")
        assert "another container; its first line follows" in told[1]
        assert told[2:] == ["Listening on :8080"]


async def test_both_logs_stand_in_the_order_of_their_times(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """F04: the deployment is asked for now and then; its lines stand among those of the application all the same."""
    with flying(tmp_path / "shop", monkeypatch) as flown:
        flown.drawn()
        flown.fly("B1", "X1", "X3")
        app = cockpit(flown.session)
        async with app.run_test(size=(160, 48)) as pilot:
            logs = app.screen.query_one(LogStream)
            await comes(pilot, lambda: any("Coolify says finished" in line.text for line in logs.lines), "its end")
            begun = [line.at for line in logs.lines if line.level == "divider" and "X3" in line.text]
            told = [line.at for line in logs.lines if line.source == "deployment"]
            assert told == sorted(told)
            assert begun
            assert told[0] >= begun[0][:23]


def test_finished_is_a_lamp_of_its_own_until_the_proof(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not green by Coolify's word: another glyph and colour, and the words; green by what runs."""
    with flying(tmp_path / "shop", monkeypatch) as flown:
        flown.drawn()
        flown.fly("B1", "X1", "X3")
        row = lamp(flown, "X3")
        assert row.detail.startswith("finished (Coolify's word) ")
        assert row.detail.endswith(", not proven yet")
        assert row.mark is not None
        assert (row.mark.glyph, row.detail_tone) == ("△", "tone--warning")
        flown.fly("X4")
        row = lamp(flown, "X3")
        assert row.mark is not None
        assert (row.mark.glyph, row.detail.startswith("done ")) == ("✔", True)


def test_its_status_is_green_only_with_the_proof(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``coolify.status``: asked of the server, shown for what it is; running:healthy alone ticks nothing."""
    with flying(tmp_path / "shop", monkeypatch) as flown:
        flown.drawn()
        look = CoolifyLook(flown.session)
        seen = look.look(flown.session.incident)
        assert (seen.ok, seen.seen.startswith("Coolify says running:healthy; its word lags")) == (False, True)
        assert set(flown.fly().values()) == {"done"}, flown.said
        assert look.look(flown.session.incident).ok


def test_nobody_is_led_to_switch_auto_deploy_on_while_the_incident_is_flown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F11: NEXT passes it over, and it stands at the end; what is straightened later never holds the way back up."""
    with flying(tmp_path / "shop", monkeypatch, version="4.2.0") as flown:
        session = flown.session
        flown.drawn()
        assert set(flown.fly().values()) == {"done"}, flown.said
        session.sync()
        after = [item for item in items(session.incident) if item.phase is Phase.AFTER]
        assert [item.code for item in after[-2:]] == ["Z1", "Z2"]
        assert holding(session.incident.debts)
        asked = [item.code for item in phases.asked(session.incident, Phase.AFTER)]
        assert asked
        assert not {"Z1", "Z2"} & set(asked)


def test_what_coolify_is_left_with_is_parked_and_straightened_days_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Auto-deploy off, and the pin: named, parked, and straightened by the plan's own steps from the parked record."""
    with flying(tmp_path / "shop", monkeypatch, version="4.2.0") as flown:
        session = flown.session
        plan = flown.drawn()
        assert set(flown.fly().values()) == {"done"}, flown.said
        session.sync()
        kept = holding(session.incident.debts)
        assert [one.text.partition(" ")[0] for one in kept] == ["auto-deploy", "git_commit_sha"]
        assert all(one.due and one.undo for one in kept), kept
        session.park_incident("recovered")
        one = session.incident.id
        session.forget()
        session.open(one)
        assert session.take_lease()
        unpin = next(step.code for step in plan.steps if kept[1].name.startswith(f"{step.pays}."))
        assert flown.app.git_commit_sha == GOOD
        assert flown.run(unpin) == "done", flown.said
        assert flown.app.git_commit_sha == "HEAD"
        assert [debt.name.partition(".")[0] for debt in holding(session.incident.debts)] == ["X1"]
        assert next_move(session.incident, driver=True).move is Move.SIGN
        pay(session, holding(session.incident.debts)[0].name, "switched on in the dashboard")
        assert next_move(session.incident, driver=True).move is Move.CLOSE
        close_parked(session)
        assert not session.incident.is_parked
