"""What messages say: rendered from facts, marked as a drill, harmless, and never with a gap or a placeholder left."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sample_incident import HOSTILE, Evening

from actions.model import events as ev
from actions.model.checklist import Phase
from actions.model.codec import to_json
from actions.model.errors import BadInput
from actions.model.message import (
    BUILT_IN,
    DRILL_FIRST,
    DRILL_SUBJECT,
    SUBJECT_LIMIT,
    TEXT_LIMIT,
    fill,
    recipients,
    render,
    template_problem,
    templates,
)
from actions.model.message_facts import PLACEHOLDERS, Now, facts
from actions.model.outside_text import is_clean
from actions.model.procedure import Message, Procedure

NOW = Now(datetime(2026, 11, 22, 10, 12, tzinfo=UTC), 12 * 60_000, "ops1", "https://status.example.org/7")


def message(
    text: str = "", subject: str = "s", name: str = "m", phase: Phase = Phase.BEFORE, to: str = "users"
) -> Message:
    return Message(name, phase, to, subject, text, 42)


FACTS = [
    ("{system}", "obcms"),
    ("{ Environment }", "production"),
    ("{incident}", "INC-7"),
    ("{mode}", "LIVE"),
    ("{title}", "login broken"),
    ("{severity}/{users}/{data risk}", "Critical/60-80 %/not known yet"),
    ("{decision} by {decided_by}", "roll back by devops-lead"),
    ("{option} to {target}", "compose to 2025-10-01"),
    ("{since} = {declared}", "2026-11-22 09:58 UTC = 2026-11-22 09:58 UTC"),
    ("{now}, {duration}", "2026-11-22 10:12 UTC, 12 min"),
    ("{next-update}", "2026-11-22 10:42 UTC"),
    ("{driver}, {sender}", "First Operator, First Operator"),
    ("{outcome} {ticket}", "still open (no ticket yet)"),
    ("{state}, {finished}", "a rollback is decided, not finished yet"),
    ("{link}", "https://status.example.org/7"),
    ("{{system}} {{}} { } } {", "{system} {} { } } {"),
    ("{{{system}}}", "{obcms}"),
]


@pytest.mark.parametrize(("template", "said"), FACTS)
def test_facts_stand_where_they_are_named(template: str, said: str) -> None:
    """Every placeholder is a fact of the incident; braces of no placeholder stay, doubled ones are single."""
    if template.startswith("{{system"):
        template = template.replace(" { } } {", " {{ }} }} {")
    incident = Evening().taken().decided().planned().incident
    assert render(incident, message(template), NOW).text == said


def test_what_is_not_known_says_so() -> None:
    """No message goes out with a gap: before anything is known, every fact has words."""
    empty = facts(Evening().incident, Now(NOW.at))
    assert set(empty) == set(PLACEHOLDERS)
    assert all(empty.values())
    assert empty["severity"] == "not known yet"
    assert empty["target"] == "not chosen yet"
    assert empty["link"] == "(no link is configured)"


def test_after_the_proof_the_facts_are_those_of_the_end() -> None:
    """Running is the target by its name; the state says proven; a closed incident's duration stands still."""
    evening = Evening().back()
    said = render(evening.incident, message("{state}; {running}; {finished}"), NOW).text
    assert said.startswith("rolled back and proven; ")
    assert "2026-11-22" in said
    evening.add(ev.Closed("recovered", "", ticket="T-1"), 60)
    closed = facts(evening.incident, Now(NOW.at, 10**9))
    assert (closed["outcome"], closed["ticket"], closed["state"]) == ("recovered", "T-1", "closed: recovered")
    assert closed["duration"] != facts(Evening().incident, Now(NOW.at, 10**9))["duration"]


@pytest.mark.parametrize("bad", ["{nobody}", "{env:TOKEN}", "${env:TOKEN}", "{system.name}", "{0}", "{}"])
def test_an_unknown_placeholder_is_one_clear_line(bad: str) -> None:
    """It names the message, its line and the placeholder, lists the known ones, and nothing is rendered."""
    one = message(f"all well, {bad}", name="users: hello")
    with pytest.raises(BadInput) as caught:
        render(Evening().incident, one, NOW)
    line = caught.value.line()
    assert "message 'users: hello' (line 42)" in line
    assert bad.strip("$") in line
    assert "next_update" in line
    assert template_problem(one) == line
    assert "\n" not in line


def test_a_drill_says_so_in_subject_and_text() -> None:
    """Nobody takes an exercise for the real thing: by mode or environment; also where a secret is a word of it."""
    for evening in (Evening("drill"), Evening("live", "drill")):
        for one in BUILT_IN:
            said = render(evening.incident, one, NOW, lambda text: text.replace("DRILL", "***"))
            assert said.drill
            assert said.subject.startswith(DRILL_SUBJECT)
            assert said.text.startswith(DRILL_FIRST)
            assert said.text.rstrip().endswith("nothing needs to be done.")
    live = render(Evening().incident, BUILT_IN[0], NOW)
    assert "DRILL" not in live.subject + live.text


def test_secrets_are_taken_out_before_anything_is_shown() -> None:
    """What the redactor knows stands in neither subject nor text."""
    evening = Evening()
    clean = lambda text: text.replace("login", "***")  # noqa: E731
    said = render(evening.incident, message("{title}: login", subject="{title} login"), NOW, clean)
    assert "login" not in said.subject + said.text


def test_the_procedures_own_messages_come_first() -> None:
    """A pinned procedure with messages replaces the built-in ones; without any the built-in ones hold."""
    own = message("x", name="own")
    procedure = Procedure("p", "p.md", "0" * 64, messages=(own,))
    body = ev.ProcedurePinned("p", "p.md", "0" * 64, to_json(procedure))
    assert templates(Evening().add(body).incident) == (own,)
    none = ev.ProcedurePinned("p", "p.md", "0" * 64, to_json(Procedure("p", "p.md", "0" * 64)))
    assert templates(Evening().add(none).incident) == BUILT_IN


@pytest.mark.parametrize(
    ("to", "roles"),
    [
        ("management, developers and support", ("management", "developers", "support")),
        ("DevOps Lead; Tech Manager / Database Admin", ("DevOps Lead", "Tech Manager", "Database Admin")),
        ("users", ("users",)),
        ("users, users", ("users",)),
        ("", ("everybody concerned",)),
        ("ops\x1b[2J & dev", ("ops", "dev")),
    ],
)
def test_recipients_are_roles(to: str, roles: tuple[str, ...]) -> None:
    """However they are listed; nobody named means everybody concerned."""
    assert recipients(to) == roles


ANY = st.text(st.characters(codec="utf-8"), max_size=60)
PIECES = st.lists(
    st.one_of(
        ANY.map(lambda text: text.replace("{", "{{").replace("}", "}}")),
        st.sampled_from([f"{{{n}}}" for n in PLACEHOLDERS]),
    )
)


@given(PIECES, ANY, st.sampled_from(["live", "drill"]), ANY)
def test_whatever_stands_in_it_nothing_leaks(pieces: list[str], title: str, mode: str, subject: str) -> None:
    """No placeholder is left, no control character comes through, the limits hold, and a drill is always marked."""
    declared = Evening(mode).events[0]
    body = {**declared.data, "title": title + HOSTILE}
    incident = Evening(mode).incident
    from actions.model.codec import from_json
    from actions.model.quick_dataclass import replace

    incident = replace(incident, declared=from_json(ev.Declared, body))
    escaped = subject.replace("{", "{{").replace("}", "}}")
    said = render(incident, message("".join(pieces), subject=escaped), NOW)
    assert is_clean(said.subject)
    assert said.subject
    assert not said.subject.startswith("-")
    assert is_clean(said.text, newlines=True)
    assert len(said.subject) <= SUBJECT_LIMIT + len(DRILL_SUBJECT)
    assert len(said.text) <= TEXT_LIMIT + 200
    literal = "".join(pieces).replace("{{", "").replace("}}", "") + title
    for name in PLACEHOLDERS:
        if f"{name}" not in re.sub(r"\{[a-z_]+\}", "", literal):
            assert f"{{{name}}}" not in said.text
    assert (DRILL_FIRST in said.text) == (mode == "drill")
    assert said.subject.startswith(DRILL_SUBJECT) or mode == "live"


@given(st.dictionaries(st.sampled_from(["to", "text"]), ANY, min_size=2), ANY)
def test_a_value_is_never_read_as_a_template(values: dict[str, str], around: str) -> None:
    """Braces in a value stay as they are: nobody who names a release can make a message say something else."""
    around = around.replace("{", "").replace("}", "")
    assert fill(f"{around}{{text}}{around}", values, "x") == f"{around}{values['text']}{around}"


def test_the_readme_lists_every_placeholder() -> None:
    """What the documentation names is what there is."""
    from pathlib import Path

    text = (Path(__file__).parents[2] / "README.md").read_text()
    listed = text.partition("<!-- placeholders -->")[2].partition("<!-- /placeholders -->")[0]
    assert re.findall(r"`\{([a-z_]+)\}`", listed) == list(PLACEHOLDERS)
