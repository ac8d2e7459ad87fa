"""The reader of procedures on documents that nobody would write: it neither crashes nor loses what was put in."""

from __future__ import annotations

import re
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_agreement import disagreements

from actions.gateways.markdown import read_text
from actions.gateways.markdown_finish import commands_of
from actions.model.codec import from_json, to_json
from actions.model.outside_text import is_clean
from actions.model.procedure import Procedure
from actions.model.procedure_check import reasons

PIECES = [
    *(
        "# Roll back",
        "## Before (5-10 min)",
        "### Option 1: Git",
        "## Contacts",
        "## Escalation",
        "## When to roll back",
    ),
    *(
        "## Messages",
        "## Related documents",
        "## Sign-off",
        "Step one",
        "====",
        "----",
        "",
        "",
        "",
        "text",
        "**bold:**",
    ),
    *("- [ ] item", "* [x] item", "1. [ ] item", "  - [ ] item", "    - [ ] item", "> - [ ] item", "[ ] item", "- [ ]"),
    *("1. step", "2) step", "   1. deeper", "- bullet", "+ bullet", "> quote", ">> quote", "\tcode", "    code"),
    *("```", "```bash", "   ```sh", "~~~", "````", "```text", "$ ls", "echo", "```yaml", "> ```bash", "``"),
    *(
        "| a | b |",
        "|---|---|",
        "| Severity | Users | Action | Time |",
        "|---|---|---|---|",
        "| High | >5% | x | 1 h |",
    ),
    *("| [ ] x | [x] |", "|", "| Role | Contact |", "| Lead | a@example.org |", "a|b", "-|-"),
    *("<!-- gate -->", "<!-- code: B1 -->", "<!-- message: to=x -->", "<!-- phase: after -->", "<!--", "-->", "<div>"),
    *(
        "</div>",
        "<table><tr><td>[ ] x",
        "</table>",
        "<details>",
        "&#27;[31m",
        "[l](x.md)",
        "[r]: y.md",
        "![i](z)",
        "\\",
    ),
    *(
        "Owner: me",
        "Next review: May 2020",
        "Executed by: ____",
        "Duration: 5 min",
        "!!! note",
        "=== tab",
        ":::x",
        "---",
    ),
]
DOCUMENTS = st.lists(st.sampled_from(PIECES) | st.text(max_size=12), max_size=30).map("\n".join)


@given(DOCUMENTS)
@settings(max_examples=400)
def test_anything_is_read(text: str) -> None:
    """No crash; every line number is one of the document; every text is clean; codes are unique; JSON and back."""
    procedure = read_text(text)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    data = to_json(procedure)
    assert from_json(Procedure, data) == procedure
    numbers = [value for key, value in leaves(data) if key == "line"]
    assert [number for number in numbers if not isinstance(number, int) or not 1 <= number <= len(lines)] == []
    assert [value for _, value in leaves(data) if isinstance(value, str) and not is_clean(value, newlines=True)] == []
    bound = sum("code: B1" in line for line in lines)
    assert not [why for why in reasons(procedure) if "code" in why and "code B1" not in why] or bound > 1


def leaves(value: object, key: str = "") -> list[tuple[str, object]]:
    if isinstance(value, dict):
        return [leaf for name, one in value.items() for leaf in leaves(one, name)]
    if isinstance(value, list):
        return [leaf for one in value for leaf in leaves(one, key)]
    return [(key, value)]


WORD = st.text("abcdefgh ijklm", min_size=1, max_size=12).map(lambda text: "w" + " ".join(text.split()))
ITEM = st.tuples(st.sampled_from(["- [ ] ", "* [x] ", "+ [X] ", "1. [ ] ", "2) [ ] "]), WORD).map("".join)
NESTED = st.tuples(ITEM, ITEM).map(lambda two: f"{two[0]}\n    {two[1]}")
BLOCK = st.tuples(st.sampled_from(["bash", "sh", "console"]), WORD).map(lambda two: f"```{two[0]}\necho {two[1]}\n```")
UNDER = st.tuples(ITEM, BLOCK).map(lambda two: two[0] + "\n\n" + "\n".join(f"    {row}" for row in two[1].split("\n")))
TABLE = st.lists(WORD, min_size=1, max_size=4).map(
    lambda words: "| Role | E-mail |\n|---|---|\n" + "\n".join(f"| {word} | a@example.org |" for word in words)
)
CHECKS = st.lists(WORD, min_size=1, max_size=4).map(
    lambda words: "| Check | Done |\n|---|---|\n" + "\n".join(f"| {word} | [ ] |" for word in words)
)
PROSE = WORD | st.just("> quoted") | st.just("- bullet") | st.just("---")
HEADING = st.tuples(st.sampled_from(["## ", "### "]), WORD | st.just("Contacts") | st.just("Option 1")).map("".join)
PARTS = st.lists(st.one_of(ITEM, NESTED, BLOCK, UNDER, TABLE, CHECKS, PROSE, HEADING), max_size=14)


@given(PARTS, st.sampled_from(["", "> "]))
def test_nothing_that_was_put_in_is_lost(parts: list[str], quoted: str) -> None:
    """Items, tables and shell blocks in any order, also inside of a quote: counted and read alike."""
    text = "\n\n".join(parts)
    text = "\n".join(f"{quoted}{line}".rstrip() for line in text.split("\n"))
    assert not disagreements(read_text(text), text)


@given(PARTS)
def test_no_word_is_lost(parts: list[str]) -> None:
    """Whatever is not understood is kept as text or listed."""
    text = "\n\n".join(parts)
    kept = " ".join(str(value) for _, value in leaves(to_json(read_text(text))))
    written = re.sub(r"```\w+", "", text)
    assert [word for word in re.findall(r"[A-Za-z]+", written) if word not in kept and word not in "xX"] == []


@given(PARTS)
def test_line_numbers_point_at_what_they_number(parts: list[str]) -> None:
    """The words of an item, a step's commands and a contact stand on the line that is given for them."""
    text = "\n\n".join(parts)
    lines = ["", *text.split("\n")]
    procedure = read_text(text)
    for item in (item for one in procedure.checklists for item in one.items):
        assert item.text in lines[item.line]
    for block in commands_of(procedure):
        assert f"```{block.language}" in lines[block.line]
        assert block.text in lines[block.line + 1]
    assert not [one for one in procedure.contacts if one.role not in lines[one.line]]
    assert not [one for one in procedure.texts if one.text not in lines[one.line]]
    times = Counter(item.code for one in procedure.checklists for item in one.items)
    assert not [code for code, often in times.items() if often > 1]
