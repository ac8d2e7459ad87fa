"""The environment between a release and now: kept before a deployment, offered and set back in an incident, by name."""

from __future__ import annotations

from pathlib import Path

import pytest
from age_keys import age_pair
from coolify_flight import BAD, GOOD, Flown, flying
from environment_ground import (
    KEEP,
    changed,
    kept,
    note,
    nothing_secret,
    offered,
    predeploy,
    row,
    sha,
    standing,
    variables,
)
from fake_coolify_applications import Applications
from fake_coolify_quirks import Fault
from fake_coolify_routes import Reply, Request, message
from git_ground import make_ground
from tiny_system import build, run

from actions.model.effect import shown
from actions.model.environment_diff import mark_of
from actions.model.release import WayBack
from app.environment_reading import compare, source_of
from app.predeploy import Asked, run_predeploy
from app.release_notes import notes_of
from app.release_sources import read_history

Printed = pytest.CaptureFixture[str]


def with_worker(flown: Flown, code: str, *, undo: bool = False) -> str:
    """In a worker process, as operators have it."""
    if flown.session._runner is not None:
        flown.session._runner.close()
    flown.with_workers()
    return run(flown.session, code, undo=undo)


def test_what_was_kept_is_set_back_and_put_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Printed
) -> None:
    """S12, Z27: predeploy keeps, the environment changes, the plan offers, the step sets exactly what differs, the undo
    puts back what stood there; names are shown, values never."""
    with kept(tmp_path / "shop", monkeypatch) as flown:
        former = standing(flown)
        plan = flown.drawn()
        step = offered(plan)
        assert (step.phase, step.optional, step.needs, step.risk.value) == ("before", True, ("B1",), "reversible")
        assert step.title == f"Set 3 variables back to what {plan.target.name} ran with"
        text = "\n".join(shown(step.effects))
        file = next((flown.folder / "store" / "predeploy" / "values" / "private").iterdir())
        assert f"/applications/{flown.app.uuid}/envs/bulk (acting token)" in text
        for words in (
            "sets  DEBUG, DSN (literal)",
            "makes PEM (multiline)",
            f"private/{file.name} of predeploy",
            sha(file),
        ):
            assert words in text
        told = note(plan, "environment-restorable")
        for words in ("B5 can set back DEBUG, DSN, PEM", "added since: ADDED", "not told: ONCE"):
            assert words in told
        back = "\n".join(shown(step.undo))
        assert "coolify-environment-before.json" in back
        assert "sets  DEBUG, DSN (as usual)\n" in back
        assert [with_worker(flown, code) for code in ("B1", "B5")] == ["done", "done"], flown.said
        made = ("canary-line one\ncanary-line two", False, True, False, True, True)
        assert standing(flown) == {
            **former,
            "DEBUG": ("canary-debug-then", False, False, False, True, True),
            "DSN": ("canary $dsn-then", True, False, False, True, False),
            "PEM": made,
        }
        twin = [one for one in flown.app.variables if one.is_preview and one.key == "DEBUG"]
        assert [one.value for one in twin] == ["canary-debug-twin"], "previews are another environment"
        owed = "environment of 3 variables set back to what it was with"
        assert any(one.startswith(owed) for one in flown.owed())
        assert with_worker(flown, "B5", undo=True) == "done", flown.said
        assert standing(flown) == {**former, "PEM": made}, "what was made is not deleted"
        assert flown.owed() == ["1 variable made by B5 stay: PEM"]
        printed = capsys.readouterr()
        nothing_secret(flown, printed.out, printed.err, text, *(one.text for one in plan.notes))
        assert not flown.coolify.asked("DELETE")


def test_the_whole_way_back_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is one step among the others: the version is deployed after it, and proven."""
    with kept(tmp_path / "shop", monkeypatch) as flown:
        flown.drawn()
        assert set(flown.fly().values()) == {"done"}, flown.said
        assert (flown.runs, row(flown, "DEBUG").value) == (GOOD, "canary-debug-then")
        incident = flown.session.incident
        assert incident.proven
        before = len(flown.acted())
        assert flown.run("B5") == "done", "again: nothing is sent"
        assert len(flown.acted()) == before
        assert sum("environment of 3" in one for one in flown.owed()) == 1


def test_encrypted_values_are_set_back_with_the_key_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With recipients nothing lies in the clear; without a private key a note says what to do, with it all works."""
    keys = tmp_path / "keys"
    keys.mkdir()
    pair = age_pair(keys, "ops1")
    evidence = f'[evidence]\nencrypt_to = ["{pair.public}"]\n'
    with kept(tmp_path / "shop", monkeypatch, KEEP + evidence) as flown:
        plan = flown.drawn()
        assert plan.step("B5") is None
        told = note(plan, "environment-stays")
        assert told.startswith("DEBUG, DSN, PEM: others than the target ran with")
        assert "set environment.identity to a private key" in told
        assert flown.run("B1") == "done"
        nothing_secret(flown, told, sealed=True)
    more = f'{KEEP}identity = "{pair.private}"\n{evidence}'
    with kept(tmp_path / "other", monkeypatch, more) as flown:
        former = standing(flown)
        offered(flown.drawn())
        assert [flown.run(code) for code in ("B1", "B5")] == ["done", "done"], flown.said
        assert row(flown, "DSN").value == "canary $dsn-then"
        assert flown.run("B5", undo=True) == "done", flown.said
        assert {name: one for name, one in standing(flown).items() if name != "PEM"} == former
        nothing_secret(flown, sealed=True)


def test_what_an_incident_kept_encrypted_is_compared_by_its_marks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The marks are made while the file is kept: a comparison later needs no private key, and nobody can guess from
    them."""
    keys = tmp_path / "keys"
    keys.mkdir()
    more = f'[evidence]\nencrypt_to = ["{age_pair(keys, "ops1").public}"]\n'
    with flying(tmp_path / "shop", monkeypatch, more=more, setup=variables) as flown:
        flown.drawn()
        assert flown.run("B1") == "done"
        changed(flown)
        session = flown.session
        bad = read_history(session, session.releases(), "coolify").of(BAD)
        assert bad is not None
        found = compare(session.settings, session.world(), session.journal, bad.release, bad.lives, "coolify").found
        assert found is not None
        assert (found.changed, found.removed, found.added) == (("DEBUG", "DSN"), ("PEM",), ("ADDED",))
        kept = next(one for one in session.incident.evidence if one.name == "coolify-environment.json")
        marks = kept.marks
        assert marks is not None
        assert (marks["ONCE"], len(marks["DSN"])) == ("", 32)
        key = (flown.folder / "store" / "environment.key").read_bytes()
        assert marks["DSN"] == mark_of(key, "DSN", "canary $dsn-then")
        assert marks["DSN"] != mark_of(b"\0" * 32, "DSN", "canary $dsn-then")
        nothing_secret(flown, sealed=True)


def test_what_an_earlier_incident_kept_can_be_set_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without `keep`: private evidence that was kept while the release ran holds the values, too."""
    with flying(tmp_path / "shop", monkeypatch, good=BAD, bad=GOOD, setup=variables) as flown:
        flown.drawn(BAD)
        assert flown.run("B1") == "done"
        flown.coolify.has_deployed(flown.app, BAD, "The bad one")
        row(flown, "STAYS").value = "canary-other"
        step = offered(flown.session.draw(flown.release(), "coolify"))
        assert f"of {flown.session.incident.id}, sha256 " in "\n".join(shown(step.effects))
        assert "sets  STAYS" in "\n".join(shown(step.effects))


@pytest.mark.parametrize("right", ["write", "asked nothing"])
def test_a_token_that_may_not_write(right: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Instead of a step that would fail a note says what the token lacks; where nothing may be asked, it is offered."""
    more = KEEP + ("" if right == "write" else "[ready]\nrights = false\n")
    with kept(tmp_path / "shop", monkeypatch, more) as flown:
        monkeypatch.setenv("COOLIFY_ACT", flown.coolify.token("deploys", "deploy").secret)
        plan = flown.drawn()
        if right == "write":
            assert plan.step("B5") is None
            assert "the Coolify token lacks the right write (coolify.act_token needs write)" in note(
                plan, "environment-stays"
            )
            return
        offered(plan)
        assert [flown.run(code) for code in ("B1", "B5")] == ["done", "failed"]
        assert "lacks the right write" in flown.said
        assert flown.owed() == []


def test_nothing_is_offered_where_nothing_differs_or_nothing_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No values, no step and no note of one; the same values: likewise."""
    with kept(tmp_path / "shop", monkeypatch, "") as flown:
        plan = flown.drawn()
        assert note(plan, "environment-changed")
        assert (plan.step("B5"), note(plan, "environment-stays")) == (None, "")
        assert not (flown.folder / "store" / "predeploy" / "values").exists(), "off by default"
    with flying(tmp_path / "same", monkeypatch, good=BAD, bad=GOOD, more=KEEP, setup=variables) as flown:
        assert predeploy(flown) == 0
        flown.coolify.has_deployed(flown.app, BAD, "The bad one")
        plan = flown.drawn()
        assert (plan.step("B5"), note(plan, "environment-stays")) == (None, "")
        assert not flown.acted(), "the token is not tried for nothing"


def test_what_has_moved_since_is_not_overwritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that somebody sets meanwhile, and a file that is another one: nothing is sent."""
    with kept(tmp_path / "shop", monkeypatch) as flown:
        flown.drawn()
        assert flown.run("B1") == "done"
        acted = len(flown.acted())
        row(flown, "DSN").value = "canary-third"
        assert flown.run("B5") == "moved"
        assert "DSN: another value or flag than when this was drawn" in flown.said
        row(flown, "DSN").value = "canary-dsn-now"
        file = next((flown.folder / "store" / "predeploy" / "values" / "private").iterdir())
        whole = file.read_bytes()
        file.write_bytes(whole + b"x")
        assert flown.run("B5") == "failed"
        assert "has changed since it was recorded" in flown.said
        assert (len(flown.acted()), flown.owed()) == (acted, [])
        again = flown.session.draw(flown.release(), "coolify")
        assert again.step("B5") is None
        assert "has changed since it was recorded" in note(again, "environment-stays")
        file.write_bytes(whole)
        nothing_secret(flown)


@pytest.mark.parametrize(
    ("fault", "ended", "owed"),
    [
        (Fault.STATUS_AFTER, "done", 1),
        (Fault.DROP_AFTER, "done", 1),
        (Fault.EMPTY, "done", 1),
        (Fault.HTML, "done", 1),
        (Fault.STATUS_BEFORE, "unknown", 0),
        (Fault.DROP_BEFORE, "unknown", 0),
    ],
)
def test_an_answer_that_is_lost_is_read_again(
    fault: Fault, ended: str, owed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F95: what stands there decides; it is sent once."""
    with kept(tmp_path / "shop", monkeypatch) as flown:
        flown.drawn()
        assert flown.run("B1") == "done"
        acted = len(flown.acted())
        flown.coolify.fail(fault, "PATCH", "*/envs/bulk", status=502)
        assert flown.run("B5") == ended, flown.said
        assert (len(flown.acted()) - acted, len(flown.owed())) == (1, owed)
        nothing_secret(flown)
        assert flown.run("B5") == "done", "and again, when the server is well"
        assert len(flown.owed()) == 1


def test_a_server_that_repeats_what_it_was_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its words are told nowhere; half of what it has set is owed, and put right by the next run."""

    broken, whole = [False], Applications.set_variables

    def half(self: Applications, request: Request) -> Reply:
        app = self._app(request)
        if app is None or not broken[0]:
            return whole(self, request)
        items = request.json["data"]
        self._set_variable(app, items[0])
        return message("Validation failed.", 422, errors={"value": [f"{one['value']} is bad" for one in items]})

    monkeypatch.setattr(Applications, "set_variables", half)
    with kept(tmp_path / "shop", monkeypatch) as flown:
        flown.drawn()
        assert flown.run("B1") == "done"
        broken[0] = True
        assert flown.run("B5") == "failed"
        assert flown.said.endswith("Coolify refuses; 422; look at the application in Coolify"), flown.said
        assert flown.owed()[0].startswith("it is not known how much of this is so: environment of 3 variables")
        nothing_secret(flown)
        broken[0] = False
        assert flown.run("B5") == "done", flown.said
        assert flown.run("B5", undo=True) == "done", "the file of the first run holds what stood there"
        assert row(flown, "DEBUG").value == "canary-debug-now"


def test_the_git_option_by_coolify_offers_it_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Coolify deploys what git pushes, its environment is the source, and can be set back before that."""
    folder = tmp_path / "ground"
    folder.mkdir()
    ground = make_ground(folder)
    good, bad = ground.shas[-2:]
    more = f'{KEEP}[git]\nrepository = "{ground.clone}"\ncoolify = true\n'
    with flying(tmp_path / "shop", monkeypatch, good=bad, bad=good, more=more, setup=variables) as flown:
        assert predeploy(flown) == 0
        flown.coolify.has_deployed(flown.app, bad, "The bad one")
        changed(flown)
        assert source_of(flown.session.settings, "git") == "coolify"
        plan = flown.drawn(good, "git")
        step, deploys = offered(plan), plan.step("X3")
        assert deploys is not None
        assert deploys.takes == (step.step,), "its undo waits for that of the environment"
        assert step.needs == ("B4",)
        assert flown.fly("B2", "B4", "B5").get("B5") == "done", flown.said
        assert row(flown, "DEBUG").value == "canary-debug-then"


def test_no_step_without_its_undo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The values lie in the clear, but what stands there would be kept encrypted: then nothing is overwritten."""
    keys = tmp_path / "keys"
    keys.mkdir()
    more = f'{KEEP}[evidence]\nencrypt_to = ["{age_pair(keys, "ops1").public}"]\n'
    with flying(tmp_path / "shop", monkeypatch, good=BAD, bad=GOOD, more=more, setup=variables) as flown:
        path = flown.folder / "goaround.toml"
        path.write_text(path.read_text().replace("encrypt_to", "# encrypt_to"))
        assert predeploy(flown) == 0
        flown.coolify.has_deployed(flown.app, BAD, "The bad one")
        changed(flown)
        plan = flown.drawn()
        assert plan.step("B5") is None
        assert "would be kept encrypted, and could not be put back from here" in note(plan, "environment-stays")


def test_an_undo_that_has_lost_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What stood there is put back from the file alone, proven by the marks of the plan; without it nothing is sent."""
    with kept(tmp_path / "shop", monkeypatch) as flown:
        flown.drawn()
        assert [flown.run(code) for code in ("B1", "B5")] == ["done", "done"]
        acted = len(flown.acted())
        for file in (flown.folder / "store" / "incidents").rglob("coolify-environment-before*"):
            file.unlink()
        assert flown.run("B5", undo=True) == "failed"
        assert len(flown.acted()) == acted
        assert any("environment of 3 variables" in one for one in flown.owed()), "it is still owed"


def test_git_with_a_command_of_its_own(tmp_path: Path) -> None:
    """Where neither Coolify nor Compose knows the environment, a configured command tells it; names alone are kept."""
    tiny = build(tmp_path / "tiny")
    tiny.tell_deployments(9000, 250, 10)
    told = tmp_path / "told.env"
    told.write_text("DEBUG=canary-1\nSTAYS=canary-2\n")
    command = f'[environment]\ncommand = ["cat", "{told}"]\n'
    tiny.config.write_text(f"{tiny.config.read_text()}\n{command}")
    run_predeploy(Asked(str(tiny.config), str(tiny.store)))
    told.write_text("DEBUG=canary-3\nADDED=canary-4\n")
    session = tiny.session()
    try:
        assert source_of(session.settings, "git") == "command"
        release = next(one for one in session.releases("git") if one.way_back is WayBack.RUNNING)
        (found,) = notes_of(session.journal, session.settings, session.world(), release)
        assert found.code == "environment-changed"
        assert "1 changed (DEBUG), 1 added since (ADDED), 1 removed (STAYS)" in found.text
        for path in tiny.store.rglob("*"):
            assert not path.is_file() or b"canary" not in path.read_bytes(), path
    finally:
        session.close()
        session.journal.close()
