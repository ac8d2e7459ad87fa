"""Performing effects: what is done, told and recorded, in which order, and where it ends."""

from __future__ import annotations

import gzip
import itertools
import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from http_faults import FaultServer, json_body, plain
from performing import CANARY, ScriptedEngine, ScriptedProber, Told, container, local_world

from actions.gateways.local_host import LocalHost
from actions.model.canonical import sha256_hex
from actions.model.clock import ManualClock
from actions.model.effect import (
    CollectFile,
    CollectOutput,
    Effect,
    Expectation,
    ObserveCommit,
    ObserveImages,
    ProbeHttp,
    RemoveFile,
    RunCommand,
    WaitHealthy,
    WriteFile,
)
from actions.model.errors import GoaroundError, Unreachable
from actions.model.events import EffectFinished, EffectStarted, EvidenceKept, Observed
from actions.model.ports import CommandResult, Container, KeptEvidence, World
from actions.model.step import Outcome
from actions.steps.perform import Performed, perform, shown_in_one_line

ROOT = Path(__file__).parents[2]


def sh(script: str, **parts: object) -> RunCommand:
    return RunCommand("local", ("sh", "-c", script), **parts)  # type: ignore[arg-type]


def one(effect: Effect, world: World, told: Told | None = None) -> tuple[Performed, Told]:
    told = told or Told()
    return perform((effect,), world, told), told


# ------------------------------------------------------------------------------------------------ order and events


def test_each_effect_stands_between_two_events(tmp_path: Path) -> None:
    """Every event is recorded before its effect begins and after it ended, numbered as shown."""
    told = Told()
    marker = tmp_path / "seen"

    def look(text: str) -> None:
        if text == "now":
            marker.write_text(str(len(told.of(EffectStarted))))

    told.line = look  # type: ignore[method-assign]
    done = perform((sh("echo now"), sh("true"), sh("exit 0")), local_world(tmp_path), told)
    assert done.ok
    assert done.failed_at == 0
    assert done.outcome is Outcome.DONE
    assert marker.read_text() == "1"
    kinds = [type(body) for body in told.bodies]
    assert kinds == [EffectStarted, EffectFinished] * 3
    assert [body.n for body in told.bodies] == [1, 1, 2, 2, 3, 3]
    assert {body.run for body in told.bodies} == {0}
    assert told.bodies[0].shown == "sh -c 'echo now' (on local)"


def test_the_first_failure_ends_it(tmp_path: Path) -> None:
    """What comes after a failed effect is not begun."""
    told = Told()
    effects = (sh("true"), sh("echo one; echo reason >&2; echo two; echo; exit 3"), sh(f"touch {tmp_path}/never"))
    done = perform(effects, local_world(tmp_path), told)
    assert (done.ok, done.failed_at, done.outcome, done.sure) == (False, 2, Outcome.FAILED, True)
    assert done.summary.startswith("effect 2 of 3: sh -c ")
    assert done.summary.endswith("ended with 3: reason")
    assert not (tmp_path / "never").exists()
    last = told.of(EffectFinished)[-1]
    assert (last.ok, last.exit_status, last.n) == (False, 3, 2)
    assert len(told.of(EffectStarted)) == 2


def test_readings_that_stand_alone_go_on_after_a_failure(tmp_path: Path) -> None:
    """All are performed and the first failure is the one that is named first."""
    told = Told()
    effects = (sh("exit 4"), sh("true"), sh("exit 5"))
    done = perform(effects, local_world(tmp_path), told, keep_going=True)
    assert (done.ok, done.failed_at) == (False, 1)
    assert "effect 1 of 3" in done.summary
    assert "effect 3 of 3" in done.summary
    assert len(told.of(EffectFinished)) == 3


def test_between_two_effects_the_operator_may_end_it(tmp_path: Path) -> None:
    """The running effect ends by itself, the next is not begun."""
    told = Told()
    told.stop_when = lambda: len(told.of(EffectFinished)) == 1
    done = perform((sh("true"), sh(f"touch {tmp_path}/never")), local_world(tmp_path), told)
    assert (done.ok, done.stopped, done.failed_at, done.outcome) == (False, True, 2, Outcome.TERMINATED)
    assert "before effect 2 of 2" in done.summary
    assert not (tmp_path / "never").exists()


def test_a_bug_is_not_an_outcome(tmp_path: Path) -> None:
    """An unknown exception goes up; only expected failures are results."""

    def bug(text: str) -> str:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        perform((sh("true", env={"A": "b"}),), local_world(tmp_path, resolve=bug), Told())


def test_nothing_to_do_is_done(tmp_path: Path) -> None:
    """No effects: done, and said."""
    assert perform((), local_world(tmp_path), Told()).summary == "nothing to do"


@pytest.mark.parametrize(
    ("at", "events", "files"),
    [
        ("step.before_effects", [], []),
        ("effect.before", ["EffectStarted"], []),
        ("effect.after", ["EffectStarted"], ["1"]),
        ("effect.before:2", ["EffectStarted", "EffectFinished", "EffectStarted"], ["1"]),
        ("effect.after:2", ["EffectStarted", "EffectFinished", "EffectStarted"], ["1", "2"]),
        ("step.after_effects", ["EffectStarted", "EffectFinished"] * 2, ["1", "2"]),
    ],
)
def test_a_kill_at_any_named_point_has_the_intent_on_record(
    tmp_path: Path, at: str, events: list[str], files: list[str]
) -> None:
    """Whatever has happened in the world was announced before; what was not announced has not happened."""
    code = f"""
        import os
        from pathlib import Path
        from performing import Told, local_world
        from actions.model.effect import RunCommand
        from actions.steps.perform import perform
        class Loud(Told):
            def record(self, body):
                os.write(1, (type(body).__name__ + "\\n").encode())
        folder = Path({str(tmp_path)!r})
        effects = tuple(RunCommand("local", ("touch", str(folder / n))) for n in "12")
        perform(effects, local_world(folder), Loud())
    """
    done = subprocess.run(
        (sys.executable, "-c", textwrap.dedent(code)),
        env=os.environ | {"GOAROUND_KILL_AT": at, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests/support'}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == -9, done.stderr
    assert done.stdout.split() == events
    assert sorted(path.name for path in tmp_path.iterdir()) == files


@pytest.mark.parametrize(
    ("effect", "line"),
    [
        (RunCommand("local", ("git", "push", "a  b"), cwd="/srv"), "git push 'a  b' (on local, in /srv)"),
        (RunCommand("local", ("true",), env={"A": "1 2"}), "true (on local, with A='1 2')"),
        (RunCommand("local", ("sh", "-c", "a\nb")), "sh -c 'a\\nb' (on local)"),
        (WriteFile("local", "/a", "x\ny\n", ""), "write /a (new, 2 lines) (on local)"),
        (RemoveFile("local", "/a", "00"), "remove /a (if unchanged) (on local)"),
        (CollectFile("local", "/a", "a.log"), "read /a (on local)"),
        (ProbeHttp("up", "http://x/"), "up: GET http://x/"),
        (ObserveCommit("c0ffee", url="http://x/"), "GET http://x/"),
        (WaitHealthy("h", "p", ("a", "b")), "wait until a, b run, are healthy where they have a health check, (on h)"),
    ],
)
def test_an_effect_has_one_line_as_in_the_preview(effect: Effect, line: str) -> None:
    """The command log and the preview speak of the same thing in the same words."""
    assert shown_in_one_line(effect) == line


# --------------------------------------------------------------------------------------------------------- commands


def test_output_comes_line_by_line_harmless_and_without_secrets(tmp_path: Path) -> None:
    """No secret and no terminal sequence reaches spool, journal or summary."""
    script = f"printf 'a\\033[2Jb\\n{CANARY} x'; printf 'no newline {CANARY}' >&2; exit 1"
    done, told = one(sh(script), local_world(tmp_path))
    assert "ab" in told.lines
    assert "[secret] x" in told.lines
    assert "no newline [secret]" in told.lines
    assert done.summary.endswith("no newline [secret]")
    assert CANARY not in str(told.bodies) + str(told.lines) + str(done)
    assert "\x1b" not in str(told.lines)


def test_values_of_the_environment_are_read_when_it_runs(tmp_path: Path) -> None:
    """The effect holds the name, the process gets the value."""
    out = tmp_path / "out"
    done, told = one(sh(f'printf %s "$A" > {out}', env={"A": "x${env:TOKEN}"}), local_world(tmp_path))
    assert done.ok
    assert out.read_text() == f"x{CANARY}"
    assert "A='x${env:TOKEN}'" in told.of(EffectStarted)[0].shown


def test_other_exit_statuses_may_be_fine(tmp_path: Path) -> None:
    """`diff` ends with 1 where there is a difference; the status is on record."""
    done, told = one(sh("exit 1", ok=(0, 1)), local_world(tmp_path))
    assert done.ok
    assert told.of(EffectFinished)[0].exit_status == 1


def test_a_program_that_is_not_there_is_a_failure(tmp_path: Path) -> None:
    """And says what to do next."""
    done, told = one(RunCommand("local", ("no-such-program",)), local_world(tmp_path))
    assert done.outcome is Outcome.FAILED
    assert "no program no-such-program" in done.summary
    assert told.of(EffectFinished)[0].exit_status == 1


def test_a_command_that_is_cut_off_leaves_it_unknown(tmp_path: Path) -> None:
    """It may have done its work: the step must ask the world."""
    done, _ = one(sh("echo begun; sleep 60", timeout_s=5), local_world(tmp_path))
    assert (done.outcome, done.sure) == (Outcome.UNKNOWN, False)
    assert "did not end within 5 s: begun" in done.summary


class Lost(LocalHost):
    """A host that goes away in the middle."""

    def run(self, argv: tuple[str, ...], **parts: object) -> CommandResult:
        parts["on_output"]("stdout", b"half a li")  # type: ignore[operator]
        raise Unreachable("app-1 is gone", "no answer", "look at the network")


def test_a_host_that_goes_away_leaves_it_unknown(tmp_path: Path) -> None:
    """Nothing is assumed, and what it said is kept to the last byte."""
    done, told = one(sh("true"), local_world(tmp_path, host=Lost()))
    assert done.outcome is Outcome.UNKNOWN
    assert done.summary == "app-1 is gone: no answer (next: look at the network)"
    assert "half a li" in told.lines


class Elsewhere(LocalHost):
    """A host that is another machine; it must not run what is meant for this one."""

    @property
    def name(self) -> str:
        return "ssh://deploy@app-1"

    def run(self, argv: tuple[str, ...], **parts: object) -> CommandResult:
        raise AssertionError("ran on the wrong host")


@pytest.mark.parametrize("name", ["local", "jump host"])
def test_local_effects_run_here_even_for_a_system_far_away(tmp_path: Path, name: str) -> None:
    """What runs is what was shown, where it was shown; without this machine it is refused, not run elsewhere."""
    effect = RunCommand(name, ("true",))
    assert one(effect, local_world(tmp_path, host=Elsewhere(), local=LocalHost()))[0].ok
    assert one(effect, local_world(tmp_path))[0].ok
    done, _ = one(effect, local_world(tmp_path, host=Elsewhere()))
    assert "nothing runs on" in done.summary
    assert "ssh://other" in one(RunCommand("ssh://other", ("true",)), local_world(tmp_path))[0].summary


# ------------------------------------------------------------------------------------------------------------ files


def test_writing_twice_is_writing_once(tmp_path: Path) -> None:
    """After a crash the same effect finds its work done and says so."""
    path = tmp_path / "override.yml"
    effect = WriteFile("local", str(path), "a: é\n", "")
    done, _ = one(effect, local_world(tmp_path))
    assert done.ok
    assert path.read_text(encoding="utf-8") == "a: é\n"
    again, _ = one(effect, local_world(tmp_path))
    assert again.ok
    assert "already is as it should be" in again.summary


def test_a_file_that_somebody_changed_is_not_replaced(tmp_path: Path) -> None:
    """Nothing is lost: the guard is the content that was shown."""
    path = tmp_path / "compose.yml"
    path.write_text("theirs")
    done, _ = one(WriteFile("local", str(path), "ours", sha256_hex(b"shown")), local_world(tmp_path))
    assert done.outcome is Outcome.FAILED
    assert path.read_text() == "theirs"
    gone, _ = one(RemoveFile("local", str(path), sha256_hex(b"ours")), local_world(tmp_path))
    assert not gone.ok
    assert path.exists()


def test_removing_twice_is_removing_once(tmp_path: Path) -> None:
    """The undo may be asked for again."""
    path = tmp_path / "override.yml"
    path.write_text("ours")
    effect = RemoveFile("local", str(path), sha256_hex(b"ours"))
    assert one(effect, local_world(tmp_path))[0].summary.endswith("removed")
    assert not path.exists()
    assert one(effect, local_world(tmp_path))[0].summary.endswith("already gone")


# --------------------------------------------------------------------------------------------------------- evidence


def stored(tmp_path: Path, kept: EvidenceKept) -> bytes:
    data = (tmp_path / "evidence" / kept.path).read_bytes()
    assert kept.sha256 == sha256_hex(data)
    return gzip.decompress(data)


SECRET_OUTPUT = f"printf 'one\\n\\033[2J{CANARY}\\n'; echo err >&2; printf last"


def collect(script: str, **parts: object) -> CollectOutput:
    return CollectOutput("local", ("sh", "-c", script), "web.log", **parts)  # type: ignore[arg-type]


def test_evidence_for_export_is_text_without_secrets_and_controls(tmp_path: Path) -> None:
    """A reader who opens an export on a terminal is safe, and no secret leaves."""
    done, told = one(collect(SECRET_OUTPUT), local_world(tmp_path))
    (kept,) = told.of(EvidenceKept)
    assert done.ok
    assert stored(tmp_path, kept) == b"one\n[secret]\nerr\nlast\n"
    assert (kept.complete, kept.private) == (True, False)
    assert "without control characters and secrets" in kept.note
    assert done.facts == {"evidence web.log": kept.sha256}
    assert [type(body) for body in told.bodies] == [EffectStarted, EvidenceKept, EffectFinished]


def test_private_evidence_is_kept_byte_for_byte(tmp_path: Path) -> None:
    """What stays here is the original; it is not shown."""
    done, told = one(collect(SECRET_OUTPUT, private=True, merge_stderr=False), local_world(tmp_path))
    (kept,) = told.of(EvidenceKept)
    assert done.ok
    assert stored(tmp_path, kept) == f"one\n\x1b[2J{CANARY}\nlast".encode()
    assert kept.private
    assert CANARY not in str(told.lines)


def test_a_secret_cut_by_chunks_or_long_lines_is_still_taken_out(tmp_path: Path) -> None:
    """Redaction works on lines, whatever the pieces they come in; long lines are cut where no secret stands."""

    def cut(text: str, at: int) -> int:
        found = text.find(CANARY)
        return found if 0 <= found < at < found + len(CANARY) else at

    script = f"printf %08185d 0; printf canary; sleep 0.05; printf %s {CANARY.removeprefix('canary')}; echo x"
    _, told = one(collect(script), local_world(tmp_path, safe_cut=cut))
    text = stored(tmp_path, told.of(EvidenceKept)[0]).decode()
    assert "[secret]" in text
    assert "5f1d" not in text
    _, told = one(sh(script), local_world(tmp_path, safe_cut=cut))
    assert "5f1d" not in "".join(line for line in told.lines if line.startswith(("0", "…")))


def test_a_bad_end_is_a_failure_and_what_came_is_kept_as_incomplete(tmp_path: Path) -> None:
    """Half a log is worth more than none, and must not pass for the whole."""
    done, told = one(collect("echo half; echo broken >&2; exit 7"), local_world(tmp_path))
    (kept,) = told.of(EvidenceKept)
    assert done.outcome is Outcome.FAILED
    assert "ended with 7: broken" in done.summary
    assert not kept.complete
    assert "ended with 7" in kept.note
    assert told.of(EffectFinished)[0].exit_status == 7


def test_the_last_line_of_private_output_is_told_to_nobody(tmp_path: Path) -> None:
    """It may be a secret of the application that no redaction knows."""
    done, told = one(collect("echo DB_PASSWORD=unknown; exit 1", private=True), local_world(tmp_path))
    assert not done.ok
    assert "DB_PASSWORD" not in str([body for body in told.bodies if not isinstance(body, EffectStarted)])
    assert "DB_PASSWORD" not in done.summary.partition("ended with")[2]


def test_a_failed_reading_without_output_keeps_no_empty_file(tmp_path: Path) -> None:
    """An empty file would look like an empty log; a log that is empty is kept as such."""
    done, told = one(collect("exit 1"), local_world(tmp_path))
    assert not done.ok
    assert told.of(EvidenceKept) == []
    done, told = one(collect("true"), local_world(tmp_path))
    assert done.ok
    assert "it is empty" in done.summary
    assert stored(tmp_path, told.of(EvidenceKept)[0]) == b""


def test_a_container_that_is_gone_is_noted_and_blocks_nothing(tmp_path: Path) -> None:
    """Its log went with it: failing for ever would close the way back for nothing."""
    script = "echo 'Error response from daemon: No such container: web' >&2; exit 1"
    done, told = one(collect(script), local_world(tmp_path))
    assert done.ok
    assert "the container is gone" in done.summary
    (kept,) = told.of(EvidenceKept)
    assert not kept.complete
    tricky, _ = one(collect("echo 'no such container'; echo other >&2; exit 1"), local_world(tmp_path))
    assert not tricky.ok


def test_the_newest_bytes_of_an_output_are_kept(tmp_path: Path) -> None:
    """And that the rest is missing is said."""
    done, told = one(collect("seq 1 1000", limit_bytes=9), local_world(tmp_path))
    (kept,) = told.of(EvidenceKept)
    assert done.ok
    assert stored(tmp_path, kept) == b"999\n1000\n"
    assert not kept.complete
    assert "only the newest 9 bytes" in kept.note


@pytest.mark.parametrize(("limit", "complete"), [(0, True), (6, True), (5, False)])
def test_a_file_is_kept_or_its_newest_bytes(tmp_path: Path, limit: int, complete: bool) -> None:
    """The end of a log file that is longer than the limit."""
    (tmp_path / "-odd name.log").write_bytes(b"\xff\x1b[2Jx")
    effect = CollectFile("local", str(tmp_path / "-odd name.log"), "app.log", private=True, limit_bytes=limit)
    done, told = one(effect, local_world(tmp_path))
    assert done.ok
    (kept,) = told.of(EvidenceKept)
    assert kept.complete is complete
    assert stored(tmp_path, kept) == b"\xff\x1b[2Jx"[-(limit or 6) :]


def test_a_file_that_is_not_there_is_a_failure_in_the_hosts_words(tmp_path: Path) -> None:
    """The reason stands in the summary."""
    done, told = one(CollectFile("local", str(tmp_path / "no.log"), "no.log"), local_world(tmp_path))
    assert not done.ok
    assert "No such file or directory" in done.summary
    assert told.of(EvidenceKept) == []


def test_a_store_that_fails_ends_the_reading(tmp_path: Path) -> None:
    """A full disk is a failed effect, and the command that reads is not left behind."""

    class Full:
        def keep(self, name: str, chunks: Iterator[bytes], **parts: object) -> KeptEvidence:
            next(chunks)
            raise GoaroundError("no room")

    marker = tmp_path / "pid"
    script = f"echo $$ > {marker}; while :; do echo endless; done"
    done, _ = one(collect(script), local_world(tmp_path, evidence=Full()))
    assert done.summary == "no room"
    with pytest.raises(ProcessLookupError):
        os.kill(int(marker.read_text()), 0)


def test_an_endless_reading_ends_when_the_operator_wants(tmp_path: Path) -> None:
    """What came so far is kept."""
    told = Told()
    asked = itertools.count()
    told.stop_when = lambda: next(asked) > 20
    done, _ = one(collect("while :; do echo endless; done"), local_world(tmp_path), told)
    assert done.outcome is Outcome.TERMINATED
    (kept,) = told.of(EvidenceKept)
    assert not kept.complete
    assert "stopped by the operator" in kept.note


# ----------------------------------------------------------------------------------------------------------- probes

PROBE = ProbeHttp("health", "http://x/", passes=5, seconds=10, deadline_s=60)


def probing(tmp_path: Path, probe: ProbeHttp, answers: str, ms: int = 10) -> tuple[Performed, Told, ScriptedProber]:
    clock = ManualClock()
    prober = ScriptedProber(clock, answers, ms)
    done, told = one(probe, local_world(tmp_path, clock, prober=prober))
    return done, told, prober


def test_passes_in_a_row_span_their_seconds(tmp_path: Path) -> None:
    """Five passes over ten seconds are five, spread over just ten seconds."""
    done, told, prober = probing(tmp_path, PROBE, "+")
    assert done.ok
    assert done.facts == {"probe health": "5 of 5 passed"}
    times = [at for at, _ in prober.asked]
    assert len(times) == 5
    assert times[-1] - times[0] == 10_000
    first, last = told.of(Observed)
    assert first.ok
    assert last.ok
    assert last.seen == "5 of 5 passed; last: 200 in 10 ms [secret]"
    assert (last.what, last.expected, last.ms) == ("probe health", "200", 10)
    assert sum("pass" in line and "health" in line for line in told.lines) >= 5


@pytest.mark.parametrize(("passes", "seconds"), [(1, 0), (1, 30), (2, 1), (3, 10), (4, 10), (7, 3), (30, 1)])
def test_a_row_is_never_shorter_than_shown(tmp_path: Path, passes: int, seconds: int) -> None:
    """Rounding costs no reading too many and saves none."""
    done, _, prober = probing(tmp_path, replace(PROBE, passes=passes, seconds=seconds), "+")
    assert done.ok
    assert len(prober.asked) == passes
    if passes > 1:
        assert prober.asked[-1][0] - prober.asked[0][0] >= seconds * 1000


def test_flapping_begins_the_row_anew_and_does_not_pass(tmp_path: Path) -> None:
    """One bad worker of several: the ratio is shown, the journal is not flooded."""
    done, told, prober = probing(tmp_path, PROBE, "+-" * 500)
    assert not done.ok
    assert f"of {len(prober.asked)} passed within 60 s, 5 in a row were needed" in done.summary
    assert len(told.of(Observed)) <= 21
    assert not told.of(Observed)[-1].ok
    assert prober.asked[-1][0] - prober.asked[0][0] <= 60_000


def test_a_slow_start_passes_in_the_end(tmp_path: Path) -> None:
    """Failures first, then the whole row; recorded are the first, the change and the last."""
    done, told, _ = probing(tmp_path, PROBE, "---++-+++++")
    assert done.ok
    assert done.facts == {"probe health": "7 of 11 passed"}
    assert [body.ok for body in told.of(Observed)] == [False, True, False, True, True]


def test_a_single_reading_is_one_event(tmp_path: Path) -> None:
    """First and last are the same."""
    _, told, _ = probing(tmp_path, replace(PROBE, passes=1), "+")
    assert len(told.of(Observed)) == 1


def test_slow_answers_do_not_stretch_the_row_and_cannot_outlive_the_deadline(tmp_path: Path) -> None:
    """The time an answer takes counts; the last answers get only what is left."""
    done, _, prober = probing(tmp_path, PROBE, "+", ms=1500)
    assert done.ok
    assert prober.asked[-1][0] - prober.asked[0][0] == 10_000
    late, _, prober = probing(tmp_path, replace(PROBE, deadline_s=8), "-", ms=3000)
    assert not late.ok
    assert [probe.answer_s for _, probe in prober.asked] == [8, 5, 2]


def test_the_operator_may_end_a_long_row(tmp_path: Path) -> None:
    """The wait looks whether it should go on."""
    clock = ManualClock()
    start = clock.ticks
    told = Told(stop_when=lambda: clock.ticks - start > 1000)
    prober = ScriptedProber(clock, "+")
    done, _ = one(replace(PROBE, seconds=50), local_world(tmp_path, clock, prober=prober), told)
    assert done.outcome is Outcome.TERMINATED
    assert clock.ticks - start < 3000


def test_a_row_against_a_real_server(tmp_path: Path) -> None:
    """The same through HTTP: three answers, three connections."""
    server = FaultServer({"/": plain(b"healthy")})
    try:
        probe = ProbeHttp("up", server.url("/"), expect=Expectation(body="healthy"), passes=3, deadline_s=60)
        done, _ = one(probe, local_world(tmp_path))
        assert done.ok
        assert server.connections == 3
    finally:
        server.close()


# ------------------------------------------------------------------------------------------------------- containers

IMAGES = ObserveImages("local", "shop", {"web": "sha256:new", "celery": "sha256:new"}, {"web": 2})
GOOD = (container(), container(number=2), container("celery"), container("db", image="sha256:other"))


def looking(
    tmp_path: Path, effect: Effect, *scenes: tuple[Container, ...] | Exception
) -> tuple[Performed, Told, ScriptedEngine]:
    engine = ScriptedEngine(list(scenes))
    done, told = one(effect, local_world(tmp_path, ManualClock(), containers=engine))
    return done, told, engine


def test_every_container_runs_the_image_that_is_wanted(tmp_path: Path) -> None:
    """Proven by the engine; the identity is that of the release."""
    extra = (
        container(number=9, image="sha256:old", one_off=True),
        container(number=3, image="sha256:old", state="exited"),
    )
    done, told, engine = looking(tmp_path, IMAGES, (*GOOD, *extra))
    assert done.ok
    assert done.facts == {"running": "sha256:new"}
    assert engine.looks == 1
    assert [body.ok for body in told.of(Observed)] == [True]


@pytest.mark.parametrize(
    ("scene", "words", "running"),
    [
        ((), "celery: no container runs", "nothing"),
        (GOOD[1:], "web: 1 of 2 containers run", "sha256:new"),
        ((*GOOD, container(number=3)), "web: 3 of 2 containers run", "sha256:new"),
        (
            (container(image="sha256:old"), *GOOD[1:]),
            "shop-web-1 runs sha256:old, not sha256:new",
            "celery=sha256:new web=sha256:new+sha256:old",
        ),
        ((*GOOD, container("celery", 2, "sha256:old", state="restarting")), "shop-celery-2 runs sha256:old", None),
        ((*GOOD[:2], container("celery", state="exited")), "celery: no container runs", None),
    ],
)
def test_what_runs_instead_is_named(
    tmp_path: Path, scene: tuple[Container, ...], words: str, running: str | None
) -> None:
    """Only some services moved, the wrong number, the old image: not back, after a short while of looking again."""
    done, told, engine = looking(tmp_path, IMAGES, scene)
    assert done.outcome is Outcome.FAILED
    assert words in done.summary
    assert engine.looks > 10
    assert len(told.of(Observed)) == 2
    if running is not None:
        assert done.facts["running"] == running


def test_recreating_takes_a_moment_and_an_engine_may_restart(tmp_path: Path) -> None:
    """Looked at again until it is right or time is up."""
    done, _, _ = looking(tmp_path, IMAGES, GOOD[1:], Unreachable("the engine does not answer"), (), GOOD)
    assert done.ok
    done, _, _ = looking(tmp_path, IMAGES, Unreachable("the engine does not answer"))
    assert "the engine does not answer" in done.summary


def test_an_engine_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """A system without one, and the engine of another host."""
    assert "no container engine" in one(IMAGES, local_world(tmp_path))[0].summary
    other = replace(IMAGES, host="ssh://other")
    assert "out of reach" in looking(tmp_path, other, GOOD)[0].summary


WAIT = WaitHealthy("local", "shop", ("web", "celery"), deadline_s=30, steady_s=5)


def web(**parts: object) -> tuple[Container, ...]:
    return (container(**parts), container("celery"))  # type: ignore[arg-type]


def test_all_up_and_unchanged_for_a_while_is_healthy(tmp_path: Path) -> None:
    """Once is luck; and where there is no health check, that is said."""
    done, told, engine = looking(
        tmp_path, WAIT, (), web(state="created"), web(health="starting"), web(health="healthy")
    )
    assert done.ok
    assert "no health check on celery; the others are healthy" in done.summary
    assert engine.looks == 3 + 11
    assert [body.ok for body in told.of(Observed)] == [False, True, True]


@pytest.mark.parametrize(
    ("scenes", "words"),
    [
        ([web(), web(restarts=1), web(restarts=2, exit_code=3)], "keeps crashing: exit code 3, 2 restarts"),
        ([web(state="restarting", restarts=4, exit_code=1)], "keeps crashing: exit code 1, 4 restarts"),
        ([web(), web(state="exited", exit_code=137)], "has ended and is not restarted: exit code 137"),
        ([web(state="dead", exit_code=1, error="no such file")], "1, 0 restarts: no such file"),
    ],
)
def test_a_container_that_crashes_is_told_at_once(
    tmp_path: Path, scenes: list[tuple[Container, ...]], words: str
) -> None:
    """By service, exit code and restarts, without waiting for the deadline."""
    done, _, engine = looking(tmp_path, WAIT, *scenes)
    assert done.outcome is Outcome.FAILED
    assert done.summary.startswith("web (shop-web-1) ")
    assert words in done.summary
    assert engine.looks <= len(scenes) + 1


@pytest.mark.parametrize(
    ("scenes", "words"),
    [
        ([web(health="starting")], "web (shop-web-1) is still starting"),
        ([web(health="unhealthy")], "web (shop-web-1) is unhealthy"),
        ([web(state="paused")], "is paused"),
        ([(container(),)], "celery has no container"),
        ([Unreachable("the engine does not answer")], "the engine does not answer"),
    ],
)
def test_what_never_comes_up_meets_the_deadline(
    tmp_path: Path, scenes: list[tuple[Container, ...] | Exception], words: str
) -> None:
    """`starting` for ever ends, with the state that was seen last."""
    done, told, engine = looking(tmp_path, WAIT, *scenes)
    assert done.outcome is Outcome.FAILED
    assert done.summary.startswith("after 30 s: ")
    assert words in done.summary
    assert engine.looks == 61
    assert len(told.of(Observed)) == 2


def test_a_single_restart_begins_the_steady_time_anew(tmp_path: Path) -> None:
    """And so does a container that was replaced."""
    scenes = [web()] * 8 + [web(restarts=1)] * 8 + [web(id="another", restarts=1)]
    done, _, engine = looking(tmp_path, WAIT, *scenes)
    assert done.ok
    assert engine.looks == 16 + 11


def test_old_restarts_and_short_exits_are_no_crash_loop(tmp_path: Path) -> None:
    """A container with a past, and the moment between an exit and the restart."""
    done, _, _ = looking(
        tmp_path, WAIT, web(restarts=7), web(restarts=7, state="exited"), web(restarts=8), (*web(restarts=8),)
    )
    assert done.ok


# ----------------------------------------------------------------------------------------------------------- commit

COMMIT = "2273691a04f0c1d2e3b4a5968778695a4b3c2d1e"


@pytest.mark.parametrize(
    ("output", "field", "words"),
    [
        (COMMIT, "", ""),
        (f"\n {COMMIT.upper()}\n", "", ""),
        (json.dumps({"build": {"commit": COMMIT}}), "build.commit", ""),
        (COMMIT[:10], "", "a short form of"),
        ("f" * 40, "", "runs, not"),
        ("", "", "the answer is empty"),
        ("<html>", "commit", "the answer is not JSON"),
        ("{}", "commit", "has no field commit"),
        ('{"commit": 1}', "commit", "is no text"),
        ("\x1b]0;evil\x07abc", "", "abc runs, not"),
    ],
)
def test_the_running_commit_is_asked_by_command_and_by_url(tmp_path: Path, output: str, field: str, words: str) -> None:
    """Only the full id is proof; whatever else is told is shown harmlessly."""
    (tmp_path / "answer").write_text(output)
    server = FaultServer({"/version": json_body(output)})
    by_command = ObserveCommit(COMMIT, "local", ("cat", "answer"), str(tmp_path), json_field=field, deadline_s=10)
    by_url = ObserveCommit(COMMIT, url=server.url("/version"), json_field=field, deadline_s=10)
    try:
        for effect in (by_command, by_url):
            done, told = one(effect, local_world(tmp_path, ManualClock()))
            assert done.ok is (not words), done.summary
            assert words in done.summary
            assert told.of(Observed)[-1].ok is done.ok
            assert "\x1b" not in str(told.bodies) + str(told.lines)
            if done.ok:
                assert done.facts["running"].lower() == COMMIT
    finally:
        server.close()


def test_the_old_process_may_answer_for_a_moment(tmp_path: Path) -> None:
    """Asked again until the deadline; the wrong answers before are on record once."""
    script = f"test -e new && echo {COMMIT} || {{ test -e old && touch new; touch old; echo old; }}"
    effect = ObserveCommit(COMMIT, "local", ("sh", "-c", script), str(tmp_path), deadline_s=30)
    done, told = one(effect, local_world(tmp_path, ManualClock()))
    assert done.ok
    assert [body.ok for body in told.of(Observed)] == [False, True]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: ObserveCommit(COMMIT, "local", ("sh", "-c", "echo why >&2; exit 2"), deadline_s=30), "with 2: why"),
        (lambda: ObserveCommit(COMMIT, "local", ("no-such-program",), deadline_s=30), "no program"),
        (lambda: ObserveCommit(COMMIT, url="http://127.0.0.1:1/", deadline_s=30), "connection refused"),
    ],
)
def test_a_commit_that_cannot_be_learned_is_not_proven(
    tmp_path: Path, make: Callable[[], ObserveCommit], words: str
) -> None:
    """With the reason of the last try."""
    done, told = one(make(), local_world(tmp_path, ManualClock()))
    assert done.outcome is Outcome.FAILED
    assert words in done.summary
    assert done.facts == {}
    assert len(told.of(Observed)) == 2
