"""What headings, tables, labels and comments of a procedure mean: by their sense, not by exact words."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from actions.gateways.markdown import read_procedure, read_text
from actions.model.checklist import Kind, Phase
from actions.model.procedure import Procedure


def read(text: str) -> Procedure:
    return read_text(textwrap.dedent(text))


@pytest.mark.parametrize(
    ("heading", "phase", "low", "high"),
    [
        ("## Pre-rollback (5-10 minutes)", Phase.BEFORE, 300, 600),
        ("## Immediate assessment: T+15", Phase.BEFORE, None, 900),
        ("## During the rollback, 1-2 h", Phase.CARRY_OUT, 3600, 7200),
        ("## Post-rollback, within 30 minutes", Phase.AFTER, None, 1800),
        ("## After (Within 24 hours)", Phase.AFTER_24H, None, 86400),
        ("## Root-cause analysis", Phase.AFTER_24H, None, None),
        ("## How we prevent it", Phase.PREVENTION, None, None),
        ("## Something else", Phase.CARRY_OUT, None, None),
        ("## Something else <!-- phase: after-24h -->", Phase.AFTER_24H, None, None),
    ],
)
def test_phases_and_time_boxes(heading: str, phase: Phase, low: int | None, high: int | None) -> None:
    """A list belongs to the phase that its heading means, within the time that it gives."""
    one = read(f"# R\n{heading}\n- [ ] x\n").checklists[0]
    assert (one.phase, one.time_box_low_s, one.time_box_s) == (phase, low, high)


def test_a_line_above_a_list_names_it() -> None:
    """Lists in one section are told apart by the lines above them."""
    procedure = read("""\
        # R
        ## Checklist
        Before rollback:
        - [ ] a

        **After rollback (30 min)**
        - [ ] b
        """)
    assert [(one.name, one.phase, one.time_box_s) for one in procedure.checklists] == [
        ("Checklist: Before rollback", Phase.BEFORE, None),
        ("Checklist: After rollback (30 min)", Phase.AFTER, 1800),
    ]


def test_a_matrix_in_other_words() -> None:
    """Columns are known by their sense; shares and deadlines are numbers, and what is written is kept."""
    procedure = read("""\
        # R
        | Priority | Customers hit | Risk to data | What to do | SLA |
        |---|---|---|---|---|
        | **P1** | > 80% | high | Roll back | immediately (< 15 minutes) |
        | P2 | 50–80% | medium | Revert | 1-2 h |
        | P3 | at least 10 % | low | Hotfix | T+480 |
        | P4 | <10% | none | Fix forward | next sprint |
        """)
    rows = [(r.severity, r.users_low, r.users_high, r.low_open, r.high_open, r.within_s) for r in procedure.matrix]
    assert rows == [
        ("P1", 80, 100, True, False, 900),
        ("P2", 50, 80, False, False, 7200),
        ("P3", 10, 100, False, False, 28800),
        ("P4", 0, 10, False, True, None),
    ]
    assert [row.decision for row in procedure.matrix] == ["Roll back", "Revert", "Hotfix", "Fix forward"]
    assert [row.data_risk for row in procedure.matrix] == ["high", "medium", "low", "none"]
    assert [row.line for row in procedure.matrix] == [4, 5, 6, 7]


def test_triggers_by_level() -> None:
    """Levels stand in headings, in bold lines, above nested lists and in tables; each gives its criteria its name."""
    procedure = read("""\
        # R
        ## When to roll back
        ### 🔴 CRITICAL (roll back now)
        - down
        ### Others
        **High - within an hour:**
        - slow
        - Medium:
          - ugly
        - anything strange
        """)
    assert [(c.level, c.text, c.action, c.line) for c in procedure.criteria] == [
        ("Critical", "down", "roll back now", 4),
        ("High", "slow", "within an hour", 7),
        ("Medium", "ugly", "within an hour", 9),
        ("High", "anything strange", "within an hour", 10),
    ]


def test_options_with_their_labels() -> None:
    """Whatever an option is called, its duration, risk, use and steps are found."""
    procedure = read("""\
        # R
        ## Method A: Docker images
        **Estimated time**: 5-10 min
        **Risk level:** Low
        **Use when**: only code changed
        ### Step 1: Look
        ```sh
        docker images
        ```
        ### Step 2: Switch
        Set the tag:
        ```sh
        docker compose up -d
        ```
        ## Scenario 2 - restore the database (30-60 minutes)
        | Risk | high |
        |---|---|
        | Duration | 45 min |
        1. Stop
        2. Restore
        """)
    first, second = procedure.options
    assert (first.option, first.duration_low_s, first.duration_high_s, first.risk, first.good_for) == (
        "compose",
        300,
        600,
        "Low",
        "only code changed",
    )
    assert [(step.text, [c.text for c in step.commands]) for step in first.steps] == [
        ("Step 1: Look", ["docker images"]),
        ("Set the tag:", ["docker compose up -d"]),
    ]
    assert (second.option, second.risk, second.duration_high_s) == ("database", "high", 2700)
    assert [step.text for step in second.steps] == ["Stop", "Restore"]


def test_a_table_of_options_is_joined_with_their_sections() -> None:
    """A row and a section that speak of the same way back are one option; a row without a section is one, too."""
    procedure = read("""\
        # R
        | Option | Time | Risk | When |
        |---|---|---|---|
        | 1. Git | 10-15 min | medium | code |
        | 2. Magic | 1 min | none | never |
        ## Option 1: Git revert
        1. Revert
        """)
    assert [(o.name, o.duration_high_s, o.risk, len(o.steps), o.table_line) for o in procedure.options] == [
        ("2. Magic", 60, "none", 0, 5),
        ("Option 1: Git revert", 900, "medium", 1, 4),
    ]


def test_people_and_who_decides() -> None:
    """Contacts in tables and lists; rules with the time until which they hold, and the roles of the contacts."""
    procedure = read("""\
        # R
        ## Emergency contacts
        - **DevOps Lead**: lead@example.org, +49 30 1234567 - carries it out
        - Tech Manager <boss@example.org>

        | Function | Reach | Responsible for |
        |---|---|---|
        | Database Admin | #dba | the database |
        ## Escalation
        1. First 15 minutes: DevOps Lead decides
        2. After 15 minutes: Tech Manager approval
        3. Database restore: Database Admin + Tech Manager
        """)
    assert [(c.role, c.address, c.duty) for c in procedure.contacts] == [
        ("DevOps Lead", "lead@example.org, +49 30 1234567", "carries it out"),
        ("Tech Manager", "boss@example.org", ""),
        ("Database Admin", "#dba", "the database"),
    ]
    assert [(r.from_s, r.within_s, r.roles, r.about) for r in procedure.escalation] == [
        (0, 900, ("DevOps Lead",), ""),
        (900, None, ("Tech Manager",), ""),
        (0, None, ("Database Admin", "Tech Manager"), "database"),
    ]


def test_a_ladder_of_times() -> None:
    """Where the next rung begins, the one before it ends."""
    procedure = read("""\
        # R
        ## Escalation path
        | Time | Who decides |
        |---|---|
        | T+0 | On-call Engineer |
        | T+15 | Team Lead |
        | T+60 | CTO |
        """)
    assert [(r.from_s, r.within_s) for r in procedure.escalation] == [(0, 900), (900, 3600), (3600, None)]


def test_a_rule_without_a_time_holds_without_end() -> None:
    """A time in a later rule ends only rules that speak of time."""
    procedure = read("# R\n## Escalation\n- Team Lead - if it fails\n- CTO - when it lasts > 30 min\n")
    assert [(r.from_s, r.within_s, r.roles) for r in procedure.escalation] == [
        (0, None, ("Team Lead",)),
        (1800, None, ("CTO",)),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "---\ntitle: R\nowner: Ops\nlast_updated: 2025-10-02\nnext_review: January 2026\n---\n- [ ] x\n",
        "# R\n**Owner:** Ops\n**Last Updated**: 2025-10-02\n**Next Review**: January 2026\n",
        "# R\n- Document owner: Ops\n- Last reviewed: 2025-10-02\n- Review due: January 2026\n",
        "# R\n| Owner | Ops |\n|---|---|\n| Updated | 2025-10-02 |\n| Next scheduled review | January 2026 |\n",
        "# R\ntext\n\n---\n*Maintained by: Ops | Last modified: 2025-10-02 | Next update: January 2026*\n",
    ],
)
def test_owner_and_dates(text: str) -> None:
    """In front matter, labels, lists, tables and footers."""
    procedure = read_text(text)
    assert (procedure.title, procedure.owner, procedure.updated, procedure.next_review) == (
        "R",
        "Ops",
        "2025-10-02",
        "January 2026",
    )
    assert not procedure.not_understood


def test_blanks_to_sign() -> None:
    """Blanks in text, lists, tables and printed blocks; a word about signing is none."""
    procedure = read("""\
        # R
        It was executed by nobody.
        ## Sign-off
        Executed by: ________ Date: ________
        - Verified by:
        | Role | Signature |
        |---|---|
        | Manager | |
        ```
        Approved by: ....................
        ```
        """)
    assert [(one.name, one.line) for one in procedure.sign_off] == [
        ("Executed by", 4),
        ("Date", 4),
        ("Verified by", 5),
        ("Manager", 8),
        ("Approved by", 10),
    ]


def test_messages_by_comment_and_by_heading() -> None:
    """A comment names whom a text is for; without one, the heading over a text of wording does."""
    procedure = read("""\
        # R
        ## Begin <!-- message: to=team phase=before subject="It begins" -->
        > We roll back {system}.
        ## Message templates
        ### To customers, when it is resolved
        ```
        Subject: We are back
        All is well again.
        ```
        """)
    first, second = procedure.messages
    assert (first.name, first.to, first.phase, first.subject) == ("Begin", "team", Phase.BEFORE, "It begins")
    assert first.text == "We roll back {system}."
    assert (second.to, second.phase, second.subject, second.text) == (
        "users",
        Phase.AFTER,
        "We are back",
        "All is well again.",
    )


def test_comments_bind_what_they_follow() -> None:
    """On the line, on the next line and after the list; several in one comment."""
    procedure = read("""\
        # R
        ## Before <!-- when: payments -->
        - [ ] a <!-- code: B1; sensed: backup.current --> <!-- gate -->
        - [ ] b
          <!-- step: compose.switch -->
        - [ ] c
        <!-- when: mail -->
        """)
    a, b, c = procedure.checklists[0].items
    assert (a.code, a.kind, a.sensor, a.gate, a.when) == ("B1", Kind.SENSED, "backup.current", True, "payments")
    assert (b.kind, b.step, b.gate) == (Kind.STEP, "compose.switch", False)
    assert (c.kind, c.when) == (Kind.MANUAL, "mail")
    assert not procedure.not_understood


@pytest.mark.parametrize(
    ("comment", "why"),
    [
        ("sensd: backup.current", "binds nothing"),
        ("sensed: backup.curent", "no sensor has this name"),
        ("step: compose.swich", "no step has this name"),
        ("code: 17", "a code is a letter"),
        ("gate: yes", "a gate takes no value"),
        ("phase: later", "no phase has this name"),
        ("phase: after", "phase binds a heading"),
        ("when: Only on Mondays", "one word"),
        ("message: to", "a message wants"),
        ("TODO: write more", "binds nothing"),
    ],
)
def test_a_comment_that_binds_nothing_is_listed(comment: str, why: str) -> None:
    """With its line and the reason; the item is there, and a person ticks it."""
    procedure = read(f"# R\n## Before\n- [ ] x <!-- {comment} -->\n")
    item = procedure.checklists[0].items[0]
    assert (item.text, item.kind, item.gate) == ("x", Kind.MANUAL, False)
    assert [one.line for one in procedure.not_understood] == [3]
    assert why in procedure.not_understood[0].why


def test_codes_are_unique_and_stay_when_prose_changes() -> None:
    """Codes that we give begin with no letter of the document's own codes, nor of the steps of plans."""
    text = "# R\n## Before\n- [ ] a <!-- code: A1 -->\n- [ ] b\n## After\n{}- [ ] c\n- [ ] d\n"
    codes = [item.code for one in read_text(text.format("")).checklists for item in one.items]
    assert codes == ["A1", "C2", "D1", "D2"]
    again = read_text(text.format("Some words.\n\nMore of them:\n"))
    assert [item.code for one in again.checklists for item in one.items] == codes
    many = read_text("".join(f"## L{n}\n- [ ] x\n" for n in range(60)))
    given = [one.items[0].code for one in many.checklists]
    assert len(set(given)) == 60
    assert not {code[0] for code in given} & set("BPSXIO")


def test_links_are_looked_at(tmp_path: Path) -> None:
    """Relative paths and anchors are checked, addresses are not, and a document without a link is named."""
    (tmp_path / "there (now).md").write_text("x")
    file = tmp_path / "r.md"
    file.write_text(
        "# R\n[a](there%20(now).md#part) [b](gone.md) [c](https://example.org) [d](#r) [e](#nowhere)\n"
        "## Related documents\n- Recovery plan (TODO)\n- `gone/too.md`\n- [ref][x]\n\n[x]: gone.md\n"
    )
    links = [(link.text, link.exists, link.line) for link in read_procedure(file).links]
    assert links == [
        ("a", True, 2),
        ("b", False, 2),
        ("c", None, 2),
        ("d", True, 2),
        ("e", False, 2),
        ("Recovery plan (TODO)", False, 4),
        ("gone/too.md", False, 5),
        ("ref", False, 6),
    ]
    notes = {link.text: link.note for link in read_procedure(file).links}
    assert notes["Recovery plan (TODO)"] == "still to be written"


def test_prose_is_kept() -> None:
    """Every line of running text is there with its section."""
    procedure = read("# R\nIntro.\n## Part\nTwo\nlines.\n- a bullet\n> quoted\n")
    assert [(one.section, one.text, one.line) for one in procedure.texts] == [
        ("R", "Intro.", 2),
        ("Part", "Two", 4),
        ("Part", "lines.", 5),
        ("Part", "a bullet", 6),
        ("Part", "quoted", 7),
    ]


def test_html_tables_are_read_as_tables() -> None:
    """Levels and criteria in HTML are levels and criteria."""
    procedure = read("""\
        # R
        <table>
        <tr><th>Severity</th><th>Description</th></tr>
        <tr>
          <td>SEV-1</td>
          <td><p>down</p><ul><li>for all</li></ul></td>
        </tr>
        <tr><td colspan="2">Anything above is major</td></tr>
        </table>
        """)
    assert [(c.level, c.text, c.line) for c in procedure.criteria] == [("SEV-1", "down", 6), ("SEV-1", "for all", 6)]
    assert [one.line for one in procedure.not_understood] == [8]


def test_terminal_controls_do_not_come_through() -> None:
    """Every text is harmless, also where an entity hides the control; commands say that something was taken out."""
    procedure = read_text(
        "# R &#27;[31m\n## Before\n- [ ] a\x1b]0;x\x07b &#x202e;c\n```bash\necho \x1b[2J\n```\n"
        "| Role | E-mail |\n|---|---|\n| Lead\x9b1m | a@example.org |\n"
    )
    from actions.model.codec import to_json
    from actions.model.outside_text import is_clean

    def texts(value: object) -> list[str]:
        if isinstance(value, str):
            return [value]
        if isinstance(value, dict):
            return [text for one in value.values() for text in texts(one)]
        return [text for one in value for text in texts(one)] if isinstance(value, list) else []

    assert [text for text in texts(to_json(procedure)) if not is_clean(text, newlines=True)] == []
    assert any("taken out" in one.why for one in procedure.not_understood)


def test_levels_with_their_criteria_in_a_table() -> None:
    """A time of response is no decision; what stands beside a level is kept."""
    procedure = read("""\
        # R
        | Severity | Description | Response time | Example |
        |---|---|---|---|
        | 🔴 P1 - Critical | down; data lost | 15 min | payment page |
        """)
    assert not procedure.matrix
    assert [(c.level, c.text, c.action) for c in procedure.criteria] == [
        ("P1", "down", "15 min"),
        ("P1", "data lost", "15 min"),
    ]
    assert [one.text for one in procedure.texts] == ["🔴 P1 - Critical", "🔴 P1 - Critical, Example: payment page"]


def test_reasons_without_levels_in_a_table() -> None:
    """Conditions and what to do are criteria, too."""
    procedure = read("""\
        # R
        ## When to roll back
        | Metric | Threshold | Action |
        |---|---|---|
        | Error rate | > 5 % | roll back |
        """)
    assert [(c.text, c.action, c.line) for c in procedure.criteria] == [("Error rate · > 5 %", "roll back", 5)]


def test_ways_of_doing_an_option() -> None:
    """They take as long and risk as much as the option, unless they say otherwise; a heading may name the risk."""
    procedure = read("""\
        # R
        ## Option 1: Application
        **Duration:** 5-10 min
        **Risk:** low
        ### Method A: Coolify
        1. Click
        ### Method B: Compose
        **Duration:** 15 min
        1. Type
        ## Option 2: Restore the database (HIGH RISK)
        **Only use if:**
        - it is broken
        1. Restore
        """)
    assert [(o.name[:8], o.duration_high_s, o.risk, o.good_for, len(o.steps)) for o in procedure.options] == [
        ("Option 1", 600, "low", "", 0),
        ("Method A", 600, "low", "", 1),
        ("Method B", 900, "low", "", 1),
        ("Option 2", None, "HIGH", "it is broken", 1),
    ]


def test_a_line_above_a_list_announces_who_decides() -> None:
    """Also under a heading on contacts."""
    procedure = read("""\
        # R
        ## Emergency contacts
        - Lead: lead@example.org

        **Escalation path:**
        1. First 15 minutes: Lead decides
        """)
    assert [one.role for one in procedure.contacts] == ["Lead"]
    assert [(one.within_s, one.roles) for one in procedure.escalation] == [(900, ("Lead",))]


def test_what_an_option_is_good_for_may_be_a_list() -> None:
    """Under a heading or a line of that name."""
    procedure = read("""\
        # R
        ## Option A: Git
        **Works for:**
        - code
        - templates

        ### Risks
        - conflicts
        1. Revert
        """)
    option = procedure.options[0]
    assert (option.good_for, option.risk) == ("code; templates", "conflicts")


def test_a_table_right_under_a_line_of_a_list() -> None:
    """Its writer meant a table, although the parser would make it a part of the line."""
    procedure = read("""\
        # R
        - People:
        | Role | E-mail |
        |---|---|
        | Lead | lead@example.org |
        """)
    assert [(c.role, c.address, c.line) for c in procedure.contacts] == [("Lead", "lead@example.org", 5)]


def test_headings_are_kept() -> None:
    """Also those under which nothing stands."""
    headings = read("# R\n## Empty\n## Before (5 min)\n- [ ] x\n").headings
    assert [(one.text, one.level, one.line) for one in headings] == [
        ("R", 1, 1),
        ("Empty", 2, 2),
        ("Before (5 min)", 2, 3),
    ]
