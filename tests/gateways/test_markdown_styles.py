"""Procedures in the styles that people really write, each counted by something that is no parser, too."""

from __future__ import annotations

import textwrap

import pytest
from markdown_agreement import disagreements
from markdown_count import count

from actions.gateways.markdown import read_text
from actions.gateways.markdown_finish import commands_of
from actions.model.checklist import Phase
from actions.model.procedure import Procedure

STYLES = {
    "nested and mixed marks": """\
        # Roll back
        ## Before
        * [ ] one
          + [x] two
            1. [X] three
               - [ ] four
        1) [ ] five
           continued here
        - plain
          - [ ] six
        """,
    "inside quotes and admonitions": """\
        # Roll back
        > **Before you begin**
        > - [ ] quoted
        >   1. [ ] deeper
        >
        > ```bash
        > echo quoted
        > ```

        !!! warning "Stop"
            - [ ] in an admonition
            ```sh
            echo admonished
            ```

        ??? note
            Text

            - [ ] folded

                ```console
                $ echo indented
                ```

        > [!IMPORTANT]
        > - [x] alert

        :::tip
        - [ ] docusaurus
        :::
        """,
    "inside tables": """\
        | Done | Check | Who |
        |:---:|---|--:|
        | [ ] | backup is there | DBA |
        | [x] | logs are kept \\| errors | ops |
        |   | nobody | x |

        Step | Before | After
        --- | --- | ---
        disk | [ ] | [ ]
        [ ] look | now | later
        """,
    "shell blocks everywhere": """\
        # Roll back
        1. First

           ```bash
           echo one
           ```
        2. Second
           ~~~sh
           echo two
           ~~~
           - under a bullet

             ````shell
             cat <<'EOF'
             ```
             not a fence
             ```
             EOF
             ````
        3. Third
        ```zsh title="x.zsh" {1}
        echo three
        ```
        - [ ] an item

          ```{.bash}
          echo four
          ```
        ```console
        $ echo five
        five
        ```
        ## Heading
        ```bash
        echo six
        ```
        ```bash
        echo seven
        ```
        ```powershell
        Write-Output eight
        ```
        ```bash
        ```
        """,
    "indented too far": """\
        # Roll back

        Text:

            - [ ] taken for code

        - a line

              ```bash
              echo taken for code
              ```
        """,
    "HTML around Markdown": """\
        <details>
        <summary>Click</summary>

        - [ ] folded

        </details>

        <details><summary>Tight</summary>
        - [ ] tight
        </details>

        <div>
        ```bash
        echo in a div
        ```
        </div>
        """,
    "printed in a block": """\
        ```text
        BEFORE
        [ ] one
        [x] two
            [ ] three
        - [ ] four
        Executed by: ______
        ```

        ```
        [ ] bare
        ```

        ```markdown
        - [ ] shown
        ```
        """,
    "lines without a list": """\
        # Roll back
        [ ] one
        [x] two
        - [ ] three
        [ ] four, right under it
        """,
    "no links and no arrays": """\
        # Roll back
        - [x](https://example.org) a link
        - [ ](./there.md) a link
        - [x]: a definition
        - `[ ]` explained
        - arr[0] = [] and [1]
        - [ ] a real one
        """,
    "tables of every kind": """\
        # Roll back
        ## Severity
        Level|Examples|Response
        -|-|-
        Critical|down; data lost|roll back
        Low|typo|later
        ## On-call
        | Name | Phone | Slack |
        | --- | --- | --- |
        | Ops | +49 30 1234567 | @ops |
        ## Unknown
        | Shelf | Colour |
        |---|---|
        | top | red |
        > | Priority | Users affected | Action | Within |
        > |---|---|---|---|
        > | P1 | >50% | Roll back | 15 min |
        """,
}


@pytest.mark.parametrize("name", STYLES)
def test_what_is_counted_is_read(name: str) -> None:
    """Items, tables and shell blocks come out whatever they stand in, on the lines on which they stand."""
    text = textwrap.dedent(STYLES[name])
    assert not disagreements(read_text(text), text)


@pytest.mark.parametrize("name", STYLES)
def test_line_ends_and_byte_order_marks_change_nothing(name: str) -> None:
    """A file from another system is the same procedure."""
    text = textwrap.dedent(STYLES[name])
    plain = read_text(text)
    for other in ("\ufeff" + text, text.replace("\n", "\r\n"), text.replace("\n", "\r")):
        assert with_same_digest(read_text(other), plain) == plain


def with_same_digest(procedure: Procedure, other: Procedure) -> Procedure:
    from dataclasses import replace

    return replace(procedure, sha256=other.sha256)


def test_the_counter_counts() -> None:
    """The second opinion is worth something: it finds what is put in front of it."""
    text = "- [ ] a\n\n| x | y |\n|---|---|\n| [ ] b | c |\n\n```bash\nls\n```\n\n```text\n[ ] d\n```\n"
    counted = count(text)
    assert (counted.items, counted.shell, counted.tables) == ([1, 5, 12], [7], {3: [5]})


def test_texts_of_items_in_tables() -> None:
    """An empty box means its row; two boxes in a row are told apart by their columns."""
    procedure = read_text(textwrap.dedent(STYLES["inside tables"]))
    items = [item for one in procedure.checklists for item in one.items]
    assert [item.text for item in items] == [
        "backup is there",
        "logs are kept | errors",
        "disk: Before",
        "disk: After",
        "look",
    ]
    assert items[0].notes == ("DBA",)
    assert [item.ticked for item in items] == [False, True, False, False, False]


def test_nesting_and_groups() -> None:
    """Depth is kept, and a plain line above items is the group they stand under."""
    procedure = read_text(textwrap.dedent(STYLES["nested and mixed marks"]))
    items = [item for one in procedure.checklists for item in one.items]
    assert [(item.text, item.depth) for item in items] == [
        ("one", 0),
        ("two", 1),
        ("three", 2),
        ("four", 3),
        ("five continued here", 0),
        ("six", 0),
    ]
    assert items[-1].group == "plain"
    assert {one.phase for one in procedure.checklists} == {Phase.BEFORE}


def test_a_recorded_console_runs_without_its_prompts() -> None:
    """What would run is the commands; what is kept is the whole block."""
    text = "```console\n$ docker ps \\\n>   --all\nCONTAINER ID\n# a comment\n[root@db ~]# id\nuid=0\n```\n"
    block = next(commands_of(read_text(text)))
    assert block.runs == "docker ps \\\n  --all\nid"
    assert "CONTAINER ID" in block.text


def test_a_block_without_a_language_is_judged_by_what_it_says() -> None:
    """Commands become a step; an answer of a machine is kept as text and listed, never armed."""
    text = "# R\n## Do it\n```\nsudo systemctl restart web\n```\n## See\n```\nweb is up since Monday\n```\n"
    procedure = read_text(text)
    assert [block.runs for block in commands_of(procedure)] == ["sudo systemctl restart web"]
    assert [(one.line, one.text) for one in procedure.not_understood] == [(7, "web is up since Monday")]


def test_answers_under_a_step_stay_with_it_and_never_run() -> None:
    """What a step shows is at hand where it is needed, and there is nothing to run in it."""
    text = "# R\n1. Tell the bot\n\n   ```\n   /runner stop blue\n   ```\n2. Wait\n"
    procedure = read_text(text)
    step = procedure.options[0].steps[0]
    assert [(block.text, block.runs) for block in step.commands] == [("/runner stop blue", "")]
    assert [one.line for one in procedure.not_understood] == [4]
