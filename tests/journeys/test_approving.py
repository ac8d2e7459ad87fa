"""Approvals end to end: two people, one store, each from their own login; by phone; without anybody."""

from __future__ import annotations

import json
import os
import pty
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import tiny_system
from tiny_flight_operator import Scripted
from tiny_system import PYTHON, Tiny, build, drawn, refused, run
from waiting import until

from actions.gateways.bundle import verify_stored
from actions.model import events as ev
from actions.model.clock import ManualClock, SystemClock
from actions.model.plan import Plan
from actions.model.read_back import read_back_code
from actions.model.record_text import markdown
from actions.model.record_timeline import timeline
from app import approving
from app.approval_desk import Desk, open_desk
from app.plain import Plain
from app.records import export_record, open_store, verify_target
from app.session import Session
from app.settings import load
from app.store import open_session
from app.who import who_am_i

RULES = '\n[[escalation]]\nwithin = "always"\napprove = ["tech-manager"]\n'
"""From the first minute on the Tech Manager must approve."""
SCRIPT = "from app.cli import main; main()"


@pytest.fixture
def tiny(tmp_path: Path) -> Tiny:
    made = build(tmp_path / "tiny")
    made.without_me()
    made.add_to_config(RULES)
    return made


def flying(tiny: Tiny) -> Session:
    """ops1 flies a drawn plan whose evidence is kept; X1 is next."""
    session = tiny.session()
    drawn(session, tiny)
    for code in ("B1", "B2"):
        assert run(session, code) == "done"
    return session


@pytest.fixture
def session(tiny: Tiny) -> Iterator[Session]:
    one = flying(tiny)
    yield one
    one.close()
    one.journal.close()


def desk(tiny: Tiny, login: str = "ops2") -> Desk:
    """The other one's desk on the same store, as `goaround approve` opens it."""
    one = open_desk(tiny.store, tiny.session().incident.id)
    one.who = replace(who_am_i({}), login=login)
    return one


def digest(session: Session) -> str:
    return session.incident.plan_digest


def test_asked_approved_by_the_other_and_carried_out(tiny: Tiny, session: Session) -> None:
    """N06: the plan is held until the other one has looked at it; then the same key carries it out."""
    assert "needs tech-manager (ops2 may); not asked yet" in refused(lambda: session.start("X1", armed="enter"))
    approving.request_approval(session)
    assert "waits for tech-manager (ops2 may); asked 00:" in refused(lambda: session.start("X1", armed="enter"))
    session.poll()
    other = desk(tiny)
    body = approving.approve(other, digest(session), "tiny")
    assert (body.how, body.roles, body.name) == ("login", ("tech-manager",), "Second Operator")
    assert "no signing key is configured" in body.unsigned
    assert session.poll() is True, "the one who flies learns it by looking at the store"
    assert session.approvals().words.startswith("approved by ops2 (tech-manager, login)")
    assert run(session, "X1") == "done"
    assert session.journal.events(session.incident.id)[-1].seq == session.incident.head_seq
    other.journal.close()


def test_nothing_is_recorded_for_the_wrong_name_or_the_wrong_person(tiny: Tiny, session: Session) -> None:
    """Typed names, roles and people are checked before anything is written."""
    other = desk(tiny)
    head = session.incident.head_seq
    assert "not tiny" in refused(lambda: approving.approve(other, digest(session), "tiny "))
    for login, words in (("ops1", "somebody else must approve"), ("mallory", "nobody of [people]")):
        theirs = desk(tiny, login)
        assert words in refused(lambda theirs=theirs: approving.approve(theirs, digest(session), "tiny"))  # type: ignore[misc]  # bound by default
    assert "does not hold" in refused(lambda: approving.approve(other, digest(session), "tiny", as_role="dba"))
    assert "needs a reason" in refused(lambda: approving.deny(other, digest(session), " \x1b "))
    assert "only the one who flies" in refused(lambda: approving.break_glass(other, "x", "tiny"))
    session.sync()
    assert session.incident.head_seq == head


def test_a_plan_drawn_anew_voids_the_approval(tiny: Tiny, session: Session) -> None:
    """N07: the approval is of the hash; the answer to the plan before stays in the record as void."""
    other = desk(tiny)
    shown = digest(session)
    approving.approve(other, shown, "tiny")
    session.sync()
    assert session.approvals().blocked == ""
    release = next(one for one in session.releases() if one.commit == tiny.ground.shas[0])
    session.draw(release)
    assert digest(session) != shown
    assert len(session.approvals().void) == 1
    assert "earlier answers are void; needs tech-manager" in session.approvals().blocked
    assert "has changed since it was shown" in refused(lambda: approving.approve(other, shown, "tiny"))
    events = session.journal.events(session.incident.id)
    assert any("VOIDS 1 answer to the plan before" in line for line in timeline(events))
    assert "VOID from" in markdown(session.incident, events)


def test_a_no_blocks_and_is_loud(tiny: Tiny, session: Session) -> None:
    """A denial is as visible as an approval: on the row, in the report, among the departures."""
    approving.request_approval(session)
    other = desk(tiny)
    approving.deny(other, digest(session), "wait for the backup\x1b[2J")
    session.sync()
    words = refused(lambda: session.start("X1", armed="enter"))
    assert words.startswith("DENIED by Second Operator (ops2): wait for the backup")
    assert "\x1b" not in words
    text = markdown(session.incident, session.journal.events(session.incident.id))
    assert "DENIED by Second Operator" in text.split("## DRILL: Departures")[1].split("##")[0]
    approving.approve(other, digest(session), "tiny")
    assert run(session, "X1") == "done"


def test_an_approval_runs_out(tiny: Tiny) -> None:
    """It is bound to a time: after it the plan is held again, whatever the wall clock is set to."""
    clock = ManualClock()
    tiny.add_to_config('[approval]\nexpires = "5m"\n')
    one = tiny.session(clock=clock)
    drawn(one, tiny)
    other = Desk(one.journal, clock, replace(who_am_i({}), login="ops2"), one.incident)
    approving.approve(other, digest(one), "tiny")
    one.sync()
    clock.advance(299)
    clock.jump(-86400)
    assert one.approvals().blocked == ""
    clock.advance(2)
    assert "the approval of ops2 has expired" in one.approvals().blocked
    one.close()
    one.journal.close()


def test_the_evening_of_the_clock(tiny: Tiny) -> None:
    """Alone until 15:00, then the same key says who; DBA and Tech Manager unlock the database, a new plan voids."""
    clock = ManualClock()
    text = tiny.config.read_text().replace(RULES, "")
    dba = 'dba1 = { name = "Data Base", roles = ["database-admin"] }\n'
    tiny.config.write_text(text.replace("ops2 = {", f"{dba}ops2 = {{"))
    one = tiny.session(clock=clock)
    plan = drawn(one, tiny)
    clock.advance(14 * 60 + 59)
    assert one.approvals().blocked == ""
    clock.advance(2)
    assert "needs tech-manager (ops2 may)" in one.approvals().blocked
    data = {**plan.to_json(), "option": "database"}
    hard = Plan.from_json(data)
    one.record(ev.PlanDrawn(hard.digest, data))
    approving.request_approval(one)
    assert one.approvals().missing_roles == ("database-admin", "tech-manager")
    for login, left in (("dba1", ("tech-manager",)), ("ops2", ())):
        other = Desk(one.journal, clock, replace(who_am_i({}), login=login), one.incident)
        approving.approve(other, hard.digest, "tiny")
        one.sync()
        assert one.approvals().missing_roles == left
    data["running"] = "c" * 40
    changed = Plan.from_json(data)
    one.record(ev.PlanDrawn(changed.digest, data))
    assert one.approvals().missing_roles == ("database-admin", "tech-manager")
    assert len(one.approvals().void) == 2
    one.close()
    one.journal.close()


def test_a_code_read_back_over_the_phone(tiny: Tiny, session: Session) -> None:
    """The approver reads it off their own screen, the one who flies types it; it is marked as what it is."""
    other = desk(tiny)
    now = session.clock.now()
    code = read_back_code(other.incident, "ops2", now)
    assert "misheard" in refused(lambda: approving.read_back(session, "ops2", code[:-1]))
    wrong = read_back_code(other.incident, "ops1", now)
    assert "not ops2's for this plan" in refused(lambda: approving.read_back(session, "ops2", wrong))
    assert "somebody else" in refused(lambda: approving.read_back(session, "ops1", wrong))
    body = approving.read_back(session, "ops2", code)
    assert (body.how, body.unsigned) == ("read back", "read out over the phone and typed by ops1")
    assert run(session, "X1") == "done"
    text = "\n".join(timeline(session.journal.events(session.incident.id)))
    assert "READ BACK over the phone" in text


def test_a_no_over_the_phone_counts_as_loudly(tiny: Tiny, session: Session) -> None:
    """Whoever flies has no reason to invent a no: it needs no code."""
    approving.deny_by_phone(session, "ops2", "the customers are in a meeting")
    assert "DENIED by Second Operator" in refused(lambda: session.start("X1", armed="enter"))


def test_breaking_the_glass(tiny: Tiny, session: Session) -> None:
    """N08: reason and name; red in record and report, on the sign-off, with a debt to explain it within a day."""
    assert "reason" in refused(lambda: approving.break_glass(session, " ", "tiny"))
    assert "not tiny" in refused(lambda: approving.break_glass(session, "nobody answers", "tinny"))
    approving.break_glass(session, "nobody answers", "tiny")
    assert run(session, "X1") == "done"
    assert "nothing is missing" in refused(lambda: approving.break_glass(session, "once more", "tiny"))
    [debt] = [one for one in session.incident.debts if one.name.startswith("break-glass")]
    assert "explain break-glass by ops1 (nobody answers)" in debt.text
    events = session.journal.events(session.incident.id)
    [broken] = [event for event in events if isinstance(event.body, ev.GlassBroken)]
    assert isinstance(events[broken.seq].body, ev.DebtOpened), "both in one transaction"
    text = markdown(session.incident, events)
    assert "**BREAK-GLASS: without approval (tech-manager): nobody answers**" in text
    assert any("BREAK-GLASS" in one.what for one in session.incident.deviations)


def test_required_signatures_refuse_a_login_and_a_phone(tiny: Tiny) -> None:
    """`[approval] require_signatures = true`: one line that says so, and nothing recorded."""
    tiny.add_to_config("[approval]\nrequire_signatures = true\n")
    one = flying(tiny)
    other = desk(tiny)
    head = one.incident.head_seq
    assert "signatures are required" in refused(lambda: approving.approve(other, digest(one), "tiny"))
    code = read_back_code(other.incident, "ops2", one.clock.now())
    assert "signatures are required" in refused(lambda: approving.read_back(one, "ops2", code))
    one.sync()
    assert one.incident.head_seq == head
    approving.deny(other, digest(one), "not without my key")
    one.sync()
    assert one.approvals().denied, "a no is never refused for want of a key"
    one.close()
    one.journal.close()


def keys_for(tmp_path: Path, *names: str) -> dict[str, Path]:
    found = {}
    for name in names:
        path = tmp_path / f"key-{name}"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(path)], check=True)
        found[name] = path
    return found


def allowed_file(tmp_path: Path, keys: dict[str, Path], **who: str) -> Path:
    """Allowed signers: principal -> whose key."""
    path = tmp_path / "allowed_signers"
    rows = [
        f"{login}@jump {' '.join(Path(f'{keys[owner]}.pub').read_text().split()[:2])}\n" for login, owner in who.items()
    ]
    path.write_text("".join(rows))
    return path


@pytest.mark.ssh
def test_signed_approvals_are_checked_before_they_are_relied_on_and_by_verify(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Signed with real keys: believed, and verified elsewhere; a stranger's key and a forged answer are not."""
    keys = keys_for(tmp_path, "ops2", "mallory")
    allowed = allowed_file(tmp_path, keys, ops2="ops2")
    text = tiny.config.read_text().replace("ops2 = { name", 'ops2 = { signer = "ops2@jump", name')
    tiny.config.write_text(
        f'{text}\n[signing]\nkey = "{tmp_path}/nowhere"\nallowed_signers = "{allowed}"\n'
        "[approval]\nrequire_signatures = true\n"
    )
    one = flying(tiny)
    other = desk(tiny)
    wrong = refused(lambda: approving.approve(other, digest(one), "tiny", key=str(keys["mallory"])))
    assert "not among the allowed signers" in wrong
    body = approving.approve(other, digest(one), "tiny", key=str(keys["ops2"]))
    assert (body.how, body.signer) == ("signed", "ops2@jump")
    assert run(one, "X1") == "done"
    store = open_store(tiny.store, SystemClock())
    assert store is not None
    bundle = tmp_path / "bundle"
    export_record(store, one.incident.id, bundle)
    good = verify_target(str(bundle), None, allowed)
    assert good.status == 0, good.text
    assert "approval by ops2" in good.text
    seq = next(event.seq for event in store.events(one.incident.id) if event.kind == "approval.given")
    bad = verify_target(str(bundle), None, allowed_file(tmp_path, keys, ops2="mallory"))
    assert (bad.status, f"event {seq}: approval by ops2" in bad.text) == (1, True), bad.text
    allowed_file(tmp_path, keys, ops2="ops2")
    forged = replace(body, roles=("tech-manager", "devops-lead"))
    one.journal.append(one.incident.id, "ops2", forged)
    one.sync()
    result = verify_stored(store.lines(one.incident.id), one.folder(), allowed)
    assert result.first_bad == one.incident.head_seq
    assert "made over something else" in "\n".join(result.lines())
    assert "not to be believed" in refused(lambda: one.start("X2", armed="enter"))
    one.close()
    one.journal.close()


def test_verify_tells_of_a_step_that_began_without_its_approval(tiny: Tiny, session: Session) -> None:
    """Written past the cockpit's rules, the chain holds; that the approval was missing is said all the same."""
    plan = session.incident.plan
    assert plan is not None
    started = ev.StepStarted(3, "X1", plan.steps[2].step, "t", plan.digest, False, "enter", 0, 0, "run-003-X1.log")
    session.journal.append(session.incident.id, "ops1", started)
    lines = verify_stored(session.journal.lines(session.incident.id), session.folder()).lines()
    seq = session.journal.head(session.incident.id)[0]
    assert any(f"event {seq}: X1 began although the plan needs tech-manager (ops2 may)" in line for line in lines), (
        lines
    )


@pytest.mark.ssh
def test_a_key_that_is_not_theirs_makes_a_weaker_approval_and_never_stops_a_no(tiny: Tiny, tmp_path: Path) -> None:
    """The configured key belongs to somebody else: its signature is not kept, and why stands in the record."""
    keys = keys_for(tmp_path, "ops2", "mallory")
    allowed = allowed_file(tmp_path, keys, ops2="ops2")
    tiny.add_to_config(f'[signing]\nkey = "{keys["mallory"]}"\nallowed_signers = "{allowed}"\n')
    one = flying(tiny)
    body = approving.approve(desk(tiny), digest(one), "tiny")
    assert (body.how, body.signature, "not among the allowed signers" in body.unsigned) == ("login", "", True)
    no = approving.deny(desk(tiny), digest(one), "not this way")
    assert (no.how, no.signature) == ("login", "")
    assert "is not there" in refused(lambda: approving.approve(desk(tiny), digest(one), "tiny", key="/nowhere"))
    one.close()
    one.journal.close()


def test_leaving_and_coming_back_keeps_what_was_answered(tiny: Tiny, session: Session) -> None:
    """Approvals are events: who opens the cockpit again finds them, given and void alike."""
    approving.approve(desk(tiny), digest(session), "tiny")
    session.close()
    session.journal.close()
    again = tiny.session()
    assert again.approvals().blocked == ""
    assert again.take_lease()
    assert run(again, "X1") == "done"
    again.close()
    again.journal.close()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[approval]\nexpires = "10s"\n', "approval.expires: a time between"),
        ('[approval]\nexpire = "30m"\n', "did you mean 'expires'"),
        ('[approval]\nrequire_signatures = "yes"\n', "must be true or false"),
        ("[[approval.rule]]\nof = []\n", "of: at least one role"),
        ('[[approval.rule]]\nof = ["x"]\noption = "datbase"\n', "must be one of"),
        ('[[approval.rule]]\nof = ["x"]\nafter = "soon"\n', "a time such as"),
        ('[[approval.rule]]\nof = ["x"]\ncount = 99\n', "between 0 and 20"),
    ],
)
def test_a_mistake_in_the_rules_is_one_line(tiny: Tiny, text: str, words: str) -> None:
    """File, line and key; nothing runs."""
    tiny.add_to_config(text)
    line = refused(lambda: load(tiny.config))
    assert words in line
    assert line.startswith(f"{tiny.config}:")


@pytest.mark.ssh
def test_a_key_in_a_forwarded_agent_signs(tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The private key never comes to the jump host: the agent's key that the allowed signers give to this person."""
    keys = keys_for(tmp_path, "ops2", "other")
    allowed = allowed_file(tmp_path, keys, ops2="ops2")
    text = tiny.config.read_text().replace("ops2 = { name", 'ops2 = { signer = "ops2@jump", name')
    tiny.config.write_text(f'{text}\n[signing]\nallowed_signers = "{allowed}"\n')
    one = flying(tiny)
    folder = Path(tempfile.mkdtemp(prefix="goaround-agent-"))
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", str(folder / "s")], stdout=subprocess.DEVNULL)
    try:
        until(lambda: (folder / "s").exists(), "the agent")
        monkeypatch.setenv("SSH_AUTH_SOCK", str(folder / "s"))
        for name in ("other", "ops2"):
            subprocess.run(["ssh-add", "-q", str(keys[name])], check=True)
            keys[name].unlink()
        body = approving.approve(desk(tiny), digest(one), "tiny")
        assert (body.how, body.signer) == ("signed", "ops2@jump"), body.unsigned
    finally:
        agent.terminate()
        agent.wait()
        shutil.rmtree(folder)
    assert run(one, "X1") == "done"
    one.close()
    one.journal.close()


def test_plain_mode_asks_takes_a_code_and_breaks_the_glass(tiny: Tiny) -> None:
    """`run --plain` can do the same: the wish, the state in words, the code, the glass."""
    one = flying(tiny)
    code = read_back_code(one.incident, "ops2", one.clock.now())
    operator = Scripted(["X1", "", "p", "c", "ops2", "0000 0000 0001", "p", "c", "ops2", code, "p", "", "q"])
    Plain(one, operator).fly()
    assert "Enter: ask for the approval of tech-manager" in operator.text
    assert "asked for the approval of tech-manager" in operator.text
    assert f"goaround approve {one.incident.id}" in operator.text
    assert "misheard" in operator.text
    assert "approved by ops2 as tech-manager, read back" in operator.text
    assert one.approvals().blocked == ""
    approving.deny(desk(tiny), digest(one), "no")
    again = Scripted(["p", "b", "nobody answers", "tiny", "q"])
    Plain(one, again).fly()
    assert "! BREAK-GLASS is on record" in again.text
    assert one.approvals().broken is not None
    one.close()
    one.journal.close()


def test_plain_mode_waits_and_turns_by_itself(tiny: Tiny) -> None:
    """While it waits it says for whom; the answer from the other login ends the waiting."""
    one = flying(tiny)
    approving.request_approval(one)
    asleep: list[float] = []

    class Clock(SystemClock):
        def sleep(self, seconds: float) -> None:
            asleep.append(seconds)
            if len(asleep) == 2:
                approving.approve(desk(tiny), digest(one), "tiny")

    one.clock = Clock()
    operator = Scripted(["X1", "", "q"])
    Plain(one, operator).fly()
    assert "waits for tech-manager (ops2 may)" in operator.text
    assert "approved by ops2 (tech-manager, login)" in operator.text
    one.close()
    one.journal.close()


# -- the command ------------------------------------------------------------------------------------------------------


def command(tiny: Tiny, *words: str, typed: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
    """`goaround …` as a process of its own, its answers piped."""
    return subprocess.run(
        [PYTHON, "-P", "-c", SCRIPT, *words, "--store", str(tiny.store)],
        input=typed,
        capture_output=True,
        text=True,
        env=tiny_system.environment(tiny, **variables),
        cwd=tiny.folder,
        timeout=60,
        check=False,
    )


def me() -> str:
    return who_am_i({}).login


def with_me(tiny: Tiny) -> None:
    """The login of this process is a Tech Manager, too."""
    text = tiny.config.read_text().replace(
        "ops2 = {", f'{me()} = {{ name = "It Is Me", roles = ["tech-manager"] }}\nops2 = {{'
    )
    tiny.config.write_text(text)


def test_the_command_shows_the_plan_asks_for_the_name_and_records(tiny: Tiny) -> None:
    """`goaround approve ID`: the whole plan, the name of its system, the unix user; the environment says nothing."""
    with_me(tiny)
    one = flying(tiny)
    approving.request_approval(one, "please look")
    wanted = one.incident.id
    shown = command(tiny, "approve", wanted, "--show")
    assert (shown.returncode, shown.stderr) == (0, "")
    plan = one.incident.plan
    assert plan is not None
    for words in (
        *(f"{step.code} {step.title}" for step in plan.steps),
        "DRILL",
        "asked     by ops1",
        "please look",
        "undo:",
    ):
        assert words in shown.stdout
    head = one.incident.head_seq
    wrong = command(tiny, "approve", wanted, typed="tinny\n")
    assert (wrong.returncode, "nothing was recorded" in wrong.stderr, len(wrong.stderr.splitlines())) == (1, True, 1)
    silent = command(tiny, "approve", wanted)
    assert silent.returncode == 1
    one.sync()
    assert one.incident.head_seq == head
    good = command(tiny, "approve", wanted, typed="tiny\n", USER="ops2", LOGNAME="ops2")
    assert good.returncode == 0, good.stderr
    assert f"approved by {me()} as tech-manager" in good.stdout
    assert "weaker: no signature" in good.stdout
    one.sync()
    assert [said.by for said in one.approvals().given] == [me()]
    denied = command(tiny, "approve", wanted[-4:], "--deny", "on second thoughts", "--json")
    answer = json.loads(denied.stdout)
    assert (answer["answer"], answer["person"], answer["state"].startswith("DENIED by")) == ("denied", me(), True)
    one.close()
    one.journal.close()


def test_the_command_says_in_one_line_why_not(tiny: Tiny) -> None:
    """Unknown id, no plan, own plan, no role: a line each, exit 1 or 2, nothing recorded."""
    unknown = command(tiny, "approve", "INC-x")
    assert (unknown.returncode, len(unknown.stderr.splitlines())) == (2, 1)
    one = tiny.session()
    one.take_lease()
    one.declare("fails")
    early = command(tiny, "approve", one.incident.id)
    assert (early.returncode, "has no plan yet" in early.stderr) == (1, True)
    assert command(tiny, "approve", "INC-x").returncode == 2
    one.close_incident("abandoned")
    one.forget()
    drawn(one, tiny)
    stranger = command(tiny, "approve", one.incident.id, typed="tiny\n")
    assert (stranger.returncode, "nobody of [people]" in stranger.stderr) == (1, True)
    lines = command(tiny, "approve", one.incident.id, "--json").stdout
    assert json.loads(lines)["error"]["title"].startswith(me())
    one.close()
    one.journal.close()


def test_the_command_reads_out_a_code_and_records_nothing(tiny: Tiny) -> None:
    """`--read-back`: the plan is shown, the name typed, then twelve digits that the other end accepts."""
    with_me(tiny)
    one = flying(tiny)
    head = one.incident.head_seq
    answer = command(tiny, "approve", one.incident.id, "--read-back", "--json", typed="tiny\n")
    code = json.loads(answer.stdout)["code"]
    one.sync()
    assert one.incident.head_seq == head
    assert approving.read_back(one, me(), code).person == me()
    assert command(tiny, "approve", one.incident.id, "--read-back", typed="x\n").returncode == 1
    one.close()
    one.journal.close()


def test_on_a_terminal_the_name_is_typed(tiny: Tiny) -> None:
    """The same on a terminal of its own."""
    with_me(tiny)
    one = flying(tiny)
    mine, theirs = pty.openpty()
    child = subprocess.Popen(
        [PYTHON, "-P", "-c", SCRIPT, "approve", one.incident.id, "--store", str(tiny.store)],
        stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=tiny_system.environment(tiny),
    )  # fmt: skip
    os.close(theirs)
    os.write(mine, b"tiny\n")
    out, err = child.communicate(timeout=60)
    os.close(mine)
    assert (child.returncode, "approved by" in out) == (0, True), err
    one.close()
    one.journal.close()


OTHERS = ("nobody", "daemon")


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[Path]:
    """A folder that two other unix users of a group may enter, and a way to become them; skips where it cannot be."""
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("becoming another unix user needs root and setpriv")
    folder = Path(tempfile.mkdtemp(prefix="goaround-shared-", dir="/tmp"))
    shutil.chown(folder, group="nogroup")
    folder.chmod(0o2770)
    yield folder
    shutil.rmtree(folder)


def become(user: str) -> list[str]:
    return ["setpriv", f"--reuid={user}", "--regid=nogroup", "--clear-groups", "--no-new-privs"]


def test_two_other_unix_users_unlock_the_database(tiny: Tiny, shared: Path) -> None:
    """DBA and Tech Manager, each from a unix login of their own on a store of their group; others read nothing."""
    root = str(Path(__file__).resolve().parents[2])
    probe = subprocess.run(
        [*become("nobody"), PYTHON, "-P", "-c", "import app.cli, app.places, textual"],
        env={"PYTHONPATH": root},
        capture_output=True,
        check=False,
    )
    if probe.returncode:
        pytest.skip(f"nobody cannot start the interpreter: {probe.stderr.decode()[-200:]}")
    people = "".join(
        f'{login} = {{ name = "Unix {login}", roles = ["{role}"] }}\n'
        for login, role in zip(OTHERS, ("database-admin", "tech-manager"), strict=True)
    )
    tiny.config.write_text(tiny.config.read_text().replace("ops2 = {", f"{people}ops2 = {{"))
    store = shared / "store"
    store.mkdir()
    store.chmod(0o2770)
    one = open_session(load(tiny.config), store=str(store), acting_as="ops1", clock=tiny_system.QuickClock())
    plan = drawn(one, tiny)
    data = {**plan.to_json(), "option": "database"}
    hard = Plan.from_json(data)
    one.record(ev.PlanDrawn(hard.digest, data))
    approving.request_approval(one)
    for login, left in zip(OTHERS, (("tech-manager",), ()), strict=True):
        answer = subprocess.run(
            [*become(login), PYTHON, "-P", "-c", SCRIPT, "approve", one.incident.id, "--store", str(store)],
            input="tiny\n", text=True, capture_output=True, cwd="/", check=False, timeout=60,
            env={"PYTHONPATH": root, "USER": "ops1", "HOME": "/nonexistent", "PATH": os.environ["PATH"]},
        )  # fmt: skip
        assert answer.returncode == 0, answer.stderr
        assert f"approved by {login}" in answer.stdout
        one.sync()
        assert one.approvals().missing_roles == left
    events = one.journal.events(one.incident.id)
    assert [event.actor for event in events if event.kind == "approval.given"] == list(OTHERS)
    outside = subprocess.run(
        ["setpriv", "--reuid=nobody", "--regid=games", "--clear-groups", PYTHON, "-P", "-c", SCRIPT, "approve",
         one.incident.id, "--store", str(store)],
        input="tiny\n", text=True, capture_output=True, cwd="/", check=False, timeout=60,
        env={"PYTHONPATH": root, "HOME": "/nonexistent", "PATH": os.environ["PATH"]},
    )  # fmt: skip
    assert (outside.returncode, len(outside.stderr.splitlines())) == (2, 1), outside.stderr
    for path in (store, *store.rglob("*")):
        assert path.stat().st_mode & 0o007 == 0, path
    one.close()
    one.journal.close()
