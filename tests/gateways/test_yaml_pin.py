"""Pinning an image in a Compose file changes that value and keeps every other byte; what cannot be so is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.gateways.yaml_pin import YamlPin, pin_image
from actions.model.effect import edited_bytes
from actions.model.errors import BadInput, GoaroundError, Refused

PIN = "obcms:1"
AROUND = "# über\tall\nversion: '3'\nservices:\n  db: {{image: 'postgres:17'}} # keep\n{}\nvolumes: {{}}\n"


@pytest.mark.parametrize(
    ("service", "pinned"),
    [
        ("  web:\n    image: obcms:2   # c\n", "  web:\n    image: obcms:1   # c\n"),
        ("  web:\n    image: 'obcms:2'\n", "  web:\n    image: 'obcms:1'\n"),
        ('  web:\n    "image" :  "obcms:2" # c\n', '  web:\n    "image" :  "obcms:1" # c\n'),
        ('  web: {command: x, image: "obcms:2", init: true}\n', '  web: {command: x, image: "obcms:1", init: true}\n'),
        ("  web:\n    image: ${REGISTRY:-x}/obcms:${TAG}\n", "  web:\n    image: obcms:1\n"),
        ("  web:\n    build: .\n", "  web:\n    image: obcms:1\n    build: .\n"),
        ("  web:\n\n    # first\n    build: .\n", "  web:\n\n    # first\n    image: obcms:1\n    build: .\n"),
        ("  web:\n    extends: {service: db}\n", "  web:\n    image: obcms:1\n    extends: {service: db}\n"),
        ("  web:\n    image: &i obcms:2\n", "  web:\n    image: &i obcms:1\n"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_one_value_changes(service: str, pinned: str, end: str, mark: str) -> None:
    """Every other byte stays: comments, quoting, line ends, byte order mark."""
    text = (mark + AROUND.format(service)).replace("\n", end).encode()
    assert pin_image(text, "web", PIN) == (mark + AROUND.format(pinned)).replace("\n", end).encode()


ANCHORED = """\
x-app: &app
  image: obcms:2
  restart: always
services:
  web:
    <<: *app
  celery:
    <<: *app
  migrate:
    <<: *app
"""


def test_a_shared_anchor_is_changed_only_when_all_who_share_it_go_back() -> None:
    """R9: a job that shares the anchor keeps its image; then each service gets a line of its own."""
    everyone = {"web": PIN, "celery": PIN, "migrate": PIN}
    (edit,) = YamlPin().pins(ANCHORED.encode(), everyone)
    assert (edit.old, edit.new, edit.line) == ("obcms:2", PIN, 2)
    edits = YamlPin().pins(ANCHORED.encode(), {"web": PIN, "celery": PIN})
    assert [(e.old, e.new, e.line) for e in edits] == [("", f"    image: {PIN}\n", 6), ("", f"    image: {PIN}\n", 8)]
    assert edited_bytes(ANCHORED.encode(), edits).decode() == ANCHORED.replace(
        "  web:\n", f"  web:\n    image: {PIN}\n"
    ).replace("  celery:\n", f"  celery:\n    image: {PIN}\n")


def test_an_alias_is_replaced_where_it_stands() -> None:
    """The value of one service changes, not what the alias names for others."""
    text = b"x-i: &i obcms:2\nservices:\n  web: {image: *i}\n  job: {image: *i}\n"
    assert pin_image(text, "web", PIN) == text.replace(b"web: {image: *i}", b"web: {image: obcms:1}")


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        (b"services:\n  web: &w\n    image: obcms:2\n  b: *w\n", Refused, "the image is shared with b"),
        (b"services:\n  b: &w\n    image: obcms:2\n  web: *w\n", Refused, "web is an alias of another service"),
        (b"services:\n  web: {build: .}\n", Refused, "web is written on one line"),
        (b"services:\n  web:\n    image: >-\n      obcms:2\n", Refused, "written over several lines"),
        (b"services:\n  web:\n    image: obcms:2\n  b:\n    extends: web\n", Refused, "b extends web"),
        (b"services:\n  other: {image: x}\n", Refused, "web does not stand in this file"),
        (b"services:\n  web:\n    image: a\n    image: b\n", BadInput, "line 4: image"),
        (b"services:\n  web: [\n", BadInput, "is no YAML"),
        (b"services: {}\n---\nservices: {}\n", BadInput, "2 documents"),
        (b"services:\n  web:\n    image: caf\xe9\n", BadInput, "is not UTF-8: line 3"),
        (b"x: &a [*a]\nservices: {web: {image: x}}\n", BadInput, "nested too deeply"),
        (b"", BadInput, "not one mapping"),
    ],
)
def test_what_no_line_can_pin_is_refused_with_the_reason(text: bytes, error: type[Exception], words: str) -> None:
    """A clear line and a next move; the file stays as it is."""
    with pytest.raises(error, match=words) as caught:
        pin_image(text, "web", PIN)
    assert isinstance(caught.value, GoaroundError)
    assert caught.value.next_move


names = st.sampled_from(["web", "celery", "b-1", "Übung", "x.y"])
images = st.sampled_from(["obcms:2", "'host:5000/a/b:1'", '"x@sha256:00"', "${IMAGE:-obcms:2}"])
noise = st.sampled_from(["", "# ü: image: obcms:2\n", "\n", "    # image: x\n", "\t\n"])


@given(st.dictionaries(names, images, min_size=1), noise, st.sampled_from(["\n", "\r\n"]), st.data())
def test_any_file_differs_in_that_value_only(
    services: dict[str, str], between: str, end: str, data: st.DataObject
) -> None:
    """Every other byte stays, whatever stands around it."""
    head, blocks = f"{between}services:\n", {}
    for name, value in services.items():
        blocks[name] = f"  {name}:\n{between}    image: {value}\n    command: [a]\n"
    chosen = data.draw(st.sampled_from(sorted(services)))
    text = (head + "".join(blocks.values())).replace("\n", end).encode()
    quote = services[chosen][0] if services[chosen][0] in "'\"" else ""
    blocks[chosen] = blocks[chosen].replace(
        f"    image: {services[chosen]}\n    command", f"    image: {quote}{PIN}{quote}\n    command"
    )
    try:
        out = pin_image(text, chosen, PIN)
    except BadInput:
        assert "\t" in between, "only a tab where YAML forbids one is no YAML"
        return
    assert out == (head + "".join(blocks.values())).replace("\n", end).encode()
