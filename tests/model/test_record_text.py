"""The report of a record: everything is in it, what went wrong stands out, and no text from outside can break it."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from record_builder import OLD, PEOPLE, a_plan, small_declared, small_record, whole_record

from actions.model import events as ev
from actions.model import record_timeline as told
from actions.model.canonical import sha256_hex
from actions.model.chain import hash_groups
from actions.model.effect import (
    CollectFile,
    CollectOutput,
    EditFile,
    Effect,
    ObserveCommit,
    ObserveImages,
    ProbeHttp,
    RemoveFile,
    RunCommand,
    TextEdit,
    WaitHealthy,
    WriteFile,
)
from actions.model.fold import fold
from actions.model.markdown_text import code, escape, fenced
from actions.model.record_text import TEXT_VERSION, markdown, state_words, timeline
from actions.model.record_timeline import departs

PARSER = MarkdownIt("commonmark", {"html": True, "linkify": False}).enable(["table", "strikethrough"])


def events_of(*bodies: ev.Body, actor: str = "ops1") -> list[ev.Event]:
    """Events by hand, two and a half seconds apart."""
    found, prev = [], ev.GENESIS
    for seq, body in enumerate(bodies, 1):
        at = f"2026-11-22T10:{(seq - 1) * 2.5 // 60:02.0f}:{(seq - 1) * 2.5 % 60:09.6f}Z"
        link = {
            "incident": "INC-20261122-k7qf",
            "seq": seq,
            "at": at,
            "mono": 1_000_000 + (seq - 1) * 2500,
            "boot": "boot0001",
            "actor": actor,
            "kind": ev.body_kind(body),
            "data": ev.body_data(body),
            "prev": prev,
        }
        prev = ev.chain_hash(prev, link)
        found.append(ev.Event(**link, hash=prev))  # type: ignore[arg-type]  # the table mixes str, int and dict
    return found


def a_declaration(text: str = "errors after the deploy", mode: str = "live") -> ev.Declared:
    return ev.Declared(
        "obcms", "production", mode, text, "local", "git", "/etc/g.toml", "c" * 64, "0.1.0", "jump-1", PEOPLE
    )


def report_of(events: list[ev.Event]) -> str:
    return markdown(fold(events[0].incident, events), events)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, list[ev.Event]]:
    built = whole_record(tmp_path_factory.mktemp("whole"))
    events = built.journal.events(built.id)
    return markdown(built.incident, events), events


def section(report: str, title: str) -> str:
    found = re.search(rf"^## (?:DRILL: )?{re.escape(title)}\n(.*?)(?=^## |\Z)", report, re.MULTILINE | re.DOTALL)
    assert found is not None, title
    return found[1]


def test_the_report_says_who_when_what_and_how_it_ended(whole: tuple[str, list[ev.Event]]) -> None:
    """The record tells the truth: whoever reads only the report knows the whole course."""
    report, events = whole
    assert report.startswith(f"# LIVE - record {events[0].incident} of obcms, production\n")
    summary = section(report, "Summary")
    assert "executed by ops1 (NOT SIGNED); verified by ops2 (NOT SIGNED)" in summary
    assert f"`{OLD}`: the target" in summary
    assert hash_groups(events[-1].hash) in summary
    runs = section(report, "Runs")
    assert "run 1: X1 deploy v1.4.2: **FAILED**" in runs
    assert "`make deploy`: **FAILED**, exit 2, 4.2 s: no rule to make target" in runs
    assert "`make deploy`: ok, exit 0, 4.2 s" in runs
    assert f"sha256 `{sha256_hex(b'output of run 1' + bytes([10]))}`" in runs
    plans = section(report, "Plans")
    assert hash_groups(a_plan().digest) in plans
    assert f"run    make deploy REF={OLD}" in plans
    assert "private: stays on jump-1" in section(report, "Evidence")
    assert "turn it on" in section(report, "Debts")
    assert "severity High, users 60-80 %, data risk Low" in section(report, "Decision")
    assert "entitled at that moment: devops-lead" in section(report, "Decision")
    assert section(report, "Every event").count("T+") == len(events)


def test_what_went_otherwise_stands_by_itself_and_in_capitals(whole: tuple[str, list[ev.Event]]) -> None:
    """Promise 5: a "no", an override and a failure are as visible as a "yes"."""
    report, _ = whole
    loud = section(report, "Departures, refusals and failures")
    for words in (
        "X2 REFUSED: waits for X1",
        "C1 OVERRIDDEN: management, developers and support told - because: nobody answers",
        "X1 effect 1: FAILED, exit 2",
        "X1 deploy v1.4.2: FAILED after 4.3 s",
        "NOT SIGNED: no key is configured",
    ):
        assert words in loud
    assert "Departures, refusals and failures: **6**" in section(report, "Summary")
    assert report.index("## Departures") < report.index("## Plans") < report.index("## Runs")


def test_a_drill_says_so_in_the_title_and_every_section(tmp_path: Path) -> None:
    """A drill can never pass for the real thing, whichever page is torn out."""
    built = whole_record(tmp_path, "drill")
    report = markdown(built.incident, built.journal.events(built.id))
    heads = [line for line in report.splitlines() if line.startswith("#")]
    assert heads[0].startswith("# DRILL - ")
    assert len(heads) > 10
    assert all(line.startswith("## DRILL: ") for line in heads[1:])
    assert "LIVE" not in report


def test_an_open_record_says_that_it_is_open(tmp_path: Path) -> None:
    """A report made while the incident goes on cannot be taken for the final one."""
    built = small_declared(tmp_path)
    report = markdown(built.incident, built.journal.events(built.id))
    assert "**open: not signed off**" in section(report, "Summary")
    assert "**open: not signed off**" in section(report, "Sign-off")
    closed = small_record(tmp_path / "other", signed=False)
    assert state_words(closed.incident) == "closed: false alarm; nobody has signed off"
    closed.sign_off("executed", "ops1")
    assert state_words(closed.incident).endswith("executed by ops1 (NOT SIGNED); NOT VERIFIED by anybody else")


def test_a_timeline_line_reads_aloud() -> None:
    """One line per event: T+, time, who, what, in plain words."""
    assert timeline(
        events_of(
            a_declaration(),
            ev.InputsSet("Critical", -1, 90, ""),
            ev.Decided("fix forward", "roll back", "Critical", "users", "devops-lead", "the fix is ready"),
            ev.StepStarted(1, "X2", "git.deploy", "switch image", "d", False, "typed", 1, 1, "s"),
            ev.EffectStarted(1, 1, "docker compose up -d web"),
            ev.EffectFinished(1, 1, True, 0, 93, ""),
            ev.StepFinished(1, "terminated", "half of it is there", 61_000),
            ev.StepStarted(2, "X2", "git.deploy", "switch image", "d", True, "enter", 1, 1, "s"),
            ev.StepResolved(2, "no", "web still runs the old image"),
            ev.StopRequested(0, "now"),
            ev.LeaseTaken("ops2", "jump-2", 5, "pts/1", 2, "ops1 is gone", "ops1"),
            ev.Closed("abandoned", "", "a", ""),
            ev.Unknown("weather", {}),
        )
    ) == [
        "T+00:00 10:00:00Z ops1  LIVE incident declared for obcms (production): errors after the deploy",
        "T+00:02 10:00:02Z ops1  damage: severity Critical, users 90 %, data risk ?",
        "T+00:05 10:00:05Z ops1  decided fix forward AGAINST THE MATRIX"
        " (the matrix says roll back; entitled: devops-lead): the fix is ready",
        "T+00:07 10:00:07Z ops1  X2 switch image: started (name typed)",
        "T+00:10 10:00:10Z ops1  X2 effect 1: docker compose up -d web",
        "T+00:12 10:00:12Z ops1  X2 effect 1: ok, exit 0, 93 ms",
        "T+00:15 10:00:15Z ops1  X2 switch image: TERMINATED after 1 min 1 s: half of it is there",
        "T+00:17 10:00:17Z ops1  X2 UNDO of switch image: started (Enter)",
        "T+00:20 10:00:20Z ops1  X2 UNDO of switch image: ITS END WAS LOST;"
        " asked, the system says that it has NOT happened: web still runs the old image",
        "T+00:22 10:00:22Z ops1  STOP, now",
        "T+00:25 10:00:25Z ops1  ops2 TOOK OVER from ops1 at jump-2 pts/1: ops1 is gone",
        "T+00:27 10:00:27Z ops1  closed: ABANDONED; target a; RUNNING NOT OBSERVED",
        "T+00:30 10:00:30Z ops1  event of a kind that this version does not know: weather",
    ]


def test_every_kind_of_event_has_words_and_a_place() -> None:
    """No event vanishes from the report: each kind has words of its own, and the loud ones are known."""
    kinds = set(ev.BODIES.values())
    assert set(told._TELLERS) == kinds
    assert set(told._DEPARTURES) - {ev.Unknown} <= kinds


def test_time_across_a_reboot_and_midnight() -> None:
    """T+ goes on after a reboot by the wall clock, and another day shows its date."""
    first, second = events_of(a_declaration(), ev.NoteAdded("back"))
    late = ev.Event(
        **{
            **{name: getattr(second, name) for name in first.__dataclass_fields__},
            "boot": "b2",
            "mono": 5,
            "at": "2026-11-23T00:00:01.000000Z",
        }
    )
    assert timeline([first, late])[1].startswith("T+14:00:01 2026-11-23 00:00:01Z ops1  note: back")
    odd = ev.Event(**{**{name: getattr(late, name) for name in first.__dataclass_fields__}, "at": "\x1b[2Jlate"})
    assert timeline([first, odd])[1].startswith("T+? late ops1")


HOSTILE = (
    "<script>alert(1)</script>",
    "<!-- ",
    "![x](http://evil.example/x.png)",
    "[click](javascript:alert(1))",
    "http://evil.example www.evil.example",
    "# heading",
    "```\n# out\n```",
    "````",
    "`",
    "a ` b `` c",
    "\n\n# heading\n\n<b>x</b>",
    "| a | b |\n|---|---|",
    "1. one",
    "- item",
    "+ item",
    "* item",
    "=====",
    "-----",
    "***bold***",
    "__bold__ ~~gone~~ $x$",
    "&lt;b&gt; &#60;",
    "\\",
    "\\`",
    "> quote",
    "[ref]: http://evil.example",
    "    indented code",
    "\x1b]8;;http://evil\x07link\x1b]8;;\x07",
    "\u202e\u2028\x00",
    "line\r# heading",
    "**DRILL**",
)


def shape(text: str) -> list[tuple[str, str, int]]:
    """The structure of a document: its block and inline elements without their texts."""
    found: list[tuple[str, str, int]] = []
    for token in PARSER.parse(text):
        found.append((token.type, token.tag, token.level))
        found += [
            (one.type, one.tag, one.level) for one in token.children or () if one.type not in ("text", "text_special")
        ]
    return found


def full_of(text: str) -> list[ev.Event]:
    """A record in which every text that may come from outside is this one."""
    people = {text: {"name": text, "roles": [text], "signer": text}}
    declared = ev.Declared(text, text, "live", text, text, text, text, text, text, text, people)
    bodies: list[ev.Body] = [
        declared,
        ev.LeaseTaken(text, text, 1, text, 1, text, text),
        ev.InputsSet(text, 1, 2, text),
        ev.Decided(text, text, text, text, text, text),
        ev.NoteAdded(text),
        ev.LinePinned(text, text, text),
        ev.ItemMarked("A1", text, "overridden", text),
        ev.StepRefused(text, text),
        ev.StepStarted(1, text, text, text, text, False, text, 1, 1, text),
        ev.EffectStarted(1, 1, text),
        ev.EffectFinished(1, 1, False, 1, 1, text),
        ev.Observed(1, text, False, text, text),
        ev.EvidenceKept(1, text, text, text, 1, False, False, text),
        ev.EvidenceKept(1, text, text, text, 1, True, False, text),
        ev.EvidenceKept(1, text, text, text, 1, True, True, text, (text, text)),
        ev.StepFinished(1, "failed", text, 1, text, {text: text}),
        ev.DebtOpened(text, text, text, text),
        ev.DebtPaid(text, text),
        ev.Unknown(f"x{text}", {"a": text}),
        ev.Closed(text, text, text, text),
        ev.SignedOff("executed", text, text, 1, text, "", text, text),
        ev.SignedOff("verified", text, text, 1, text, text, text, ""),
    ]
    return events_of(*bodies, actor=text)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_changes_nothing_but_words(text: str) -> None:
    """No raw HTML, link, image, heading, list or table can come of what a log or a name says: the structure stays."""
    report = report_of(full_of(text))
    plain = report_of(full_of("word"))
    kinds = {name for name, _, _ in shape(report)}
    assert not kinds & {"html_block", "html_inline", "link_open", "image", "table_open", "s_open", "em_open", "hr"}
    assert [row for row in shape(report) if row[0] != "code_inline"] == [
        row for row in shape(plain) if row[0] != "code_inline"
    ]
    assert all(line.isprintable() for line in report.split("\n"))


@given(st.text(alphabet=st.sampled_from("a1 `*_[]()<>#+-.!|~\\&:/$=\"'\n\r\t\x1b{}@"), max_size=40))
def test_no_text_breaks_out(text: str) -> None:
    """The same for every text: escaped, as a code span and in a fence, it is one paragraph, one span, one block."""
    doc = f"- before: {escape(text)}\n- {escape(text)}\n- c {code(text)} d\n"
    found = [row for row in shape(doc) if row[0] not in ("code_inline", "softbreak", "hardbreak")]
    assert found == shape("- before: x\n- x\n- c d\n")
    inner = PARSER.parse(f"c {code(text)} d\n")[1].children or []
    assert [token.type for token in inner if token.type == "code_inline"] in ([], ["code_inline"])
    assert (code(text) == "(empty)") == all(token.type != "code_inline" for token in inner)
    blocks = PARSER.parse("\n".join(["before", "", *fenced([text, "last"]), "", "after"]) + "\n")
    assert [token.type for token in blocks].count("fence") == 1
    assert [token.type for token in blocks].count("paragraph_open") == 2


def golden_events() -> list[ev.Event]:
    """A record with every kind of event and of effect."""
    effects: tuple[Effect, ...] = (
        RunCommand("local", ("make", "deploy"), cwd="/srv", env={"REF": "v1"}),
        WriteFile("local", "/srv/new", "one\ntwo\n", ""),
        EditFile("local", "/srv/compose.yml", "a" * 64, "b" * 64, (TextEdit(3, "old", "new", 1, "services.web"),)),
        RemoveFile("ssh://app-1", "/srv/gone", "a" * 64),
        CollectOutput("local", ("docker", "logs", "web"), "web.log"),
        CollectFile("local", "/var/log/app.log", "app.log", private=True),
        CollectOutput(
            "local", ("docker", "inspect", "a"), "a.json", private=True, encrypt_to=("ops1 (SHA256:x)", "age1y")
        ),
        ProbeHttp("health", "http://127.0.0.1/health/", headers={"Host": "obcms"}, passes=3, seconds=5),
        ObserveImages("local", "obcms", {"web": "sha256:" + "a" * 64}),
        WaitHealthy("local", "obcms", ("web",)),
        ObserveCommit(OLD, "local", ("cat", "RUNNING")),
    )
    plan = a_plan()
    first = dataclasses.replace(plan.steps[0], effects=effects, gate=True)
    plan = dataclasses.replace(plan, steps=(first, plan.steps[1]))
    declared, *rest = (event.body for event in full_of("word"))
    return events_of(declared, *[ev.PlanDrawn(plan.digest, plan.to_json())] * 2, *rest)


def test_the_report_of_a_known_journal_is_this_one() -> None:
    """A change of the report's words must raise TEXT_VERSION, or older bundles would be called damaged."""
    report = report_of(golden_events())
    golden = Path(__file__).with_name(f"record_text_{TEXT_VERSION}.md")
    assert report == golden.read_text(encoding="utf-8"), (
        "the report of the same journal has changed: raise TEXT_VERSION in record_text, keep the old file, and write "
        f"the new report to record_text_{TEXT_VERSION + 1}.md (before the first release: just write it anew)"
    )


def test_the_same_journal_always_gives_the_same_report(whole: tuple[str, list[ev.Event]]) -> None:
    """The report can be made again and compared."""
    report, events = whole
    assert markdown(fold(events[0].incident, events), events) == report
    assert sum(map(departs, events)) == 6
