"""Finds the few bytes of a Compose file that pin services to images, and proves that nothing else differs.

The file is read with positions and never written from a tree, so comments, quoting, line ends and anchors stay.
Who edits it, and when, is left to the effect that is made of these edits.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from actions.gateways.yaml_meaning import Meaning, drawn_in, meaning, read_tree
from actions.model.effect import TextEdit, edited_bytes
from actions.model.errors import BadInput, Refused
from actions.model.outside_text import sanitise

if TYPE_CHECKING:
    from ruamel.yaml.nodes import MappingNode, Node

BOM = "\ufeff"
NEXT = "edit the file by hand, or go on with the override file"


@dataclass(frozen=True)
class _Edit:
    """As ``TextEdit``, but in characters of the text without its byte order mark."""

    at: int
    old: str
    new: str
    what: str


class YamlPin:
    """``ports.ComposeEditor`` for YAML files."""

    def named(self, content: bytes) -> dict[str, str]:
        """Service -> the image it names in this file, merges included; empty: it names none."""
        text, _ = _decoded(content)
        services = meaning(read_tree(text)).services
        return {str(name): sanitise(str(service.get("image", ""))) for name, service in services.items()}

    def reads(self, content: bytes) -> tuple[str, ...]:
        """Files that this one draws in, as it names them."""
        text, _ = _decoded(content)
        return tuple(sanitise(path) for path in drawn_in(read_tree(text)))

    def pins(self, content: bytes, images: dict[str, str]) -> tuple[TextEdit, ...]:
        """The edits after which each service has its image and nothing else is different."""
        text, mark = _decoded(content)
        tree = read_tree(text)
        before = meaning(tree)
        for service in images:
            if service not in before.services:
                raise Refused(f"{service} does not stand in this file", "", NEXT)
        _refuse_extended(before, images)
        reasons = []
        for shared in (True, False):
            try:
                edits = _edits(text, tree, images, shared=shared)
                _prove(text, edits, before, images)
            except Refused as refusal:
                reasons.append(refusal)
                continue
            return tuple(_in_bytes(text, mark, edit) for edit in edits)
        raise reasons[-1]


def pin_image(content: bytes, service: str, image: str) -> bytes:
    """The file with one service pinned; every other byte as it was. Raises as ``YamlPin.pins``."""
    return edited_bytes(content, YamlPin().pins(content, {service: image}))


def _decoded(content: bytes) -> tuple[str, int]:
    """The text and the length of its byte order mark."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise BadInput("the Compose file is not UTF-8", f"line {line}", NEXT) from error
    return (text.removeprefix(BOM), len(BOM.encode())) if text.startswith(BOM) else (text, 0)


def _refuse_extended(before: Meaning, images: dict[str, str]) -> None:
    for name, base in before.extends.items():
        if base in images and name not in images and "image" not in before.services[name]:
            raise Refused(f"{name} extends {base}", f"a pin of {base} would switch {name}, too", NEXT)


def _edits(text: str, tree: MappingNode, images: dict[str, str], *, shared: bool) -> tuple[_Edit, ...]:
    """One edit for each service; with ``shared``, an image that stands in an anchor is changed there."""
    services = _value(tree, "services")
    found: dict[tuple[int, str, str], _Edit] = {}
    for service, image in sorted(images.items()):
        node = _own(services, service)
        own = _pair(node, "image")
        if own is not None:
            edit = _replace(text, own, service, image, follow=shared)
        elif shared and (merged := _merged_image(node)) is not None:
            edit = _replace(text, merged, service, image, follow=True)
        else:
            edit = _insert(text, node, service, image)
        found.setdefault((edit.at, edit.old, edit.new), edit)
    return tuple(sorted(found.values(), key=lambda edit: edit.at))


def _own(services: Node, service: str) -> MappingNode:
    """The mapping of a service, when it stands under its own name."""
    from ruamel.yaml.nodes import MappingNode

    pair = _pair(services, service)
    key, node = pair or (None, None)
    if key is None or not isinstance(node, MappingNode):
        raise Refused(f"{service} is no mapping of its own", "", NEXT)
    if node.start_mark.index < key.end_mark.index:
        raise Refused(f"{service} is an alias of another service", "one line cannot tell them apart", NEXT)
    return node


def _merged_image(node: Any) -> tuple[Node, Node] | None:
    """The image pair of the first anchor that is merged in and has one."""
    from ruamel.yaml.nodes import SequenceNode

    merged = _pair(node, "<<")
    if merged is None:
        return None
    sources = merged[1].value if isinstance(merged[1], SequenceNode) else [merged[1]]
    for source in sources:
        pair = _pair(source, "image") or _merged_image(source)
        if pair is not None:
            return pair
    return None


def _replace(text: str, pair: tuple[Node, Node], service: str, image: str, *, follow: bool) -> _Edit:
    from ruamel.yaml.nodes import ScalarNode

    key, value = pair
    what = f"services.{service}.image"
    if not isinstance(value, ScalarNode):
        raise Refused(f"{what} is no plain value", "", NEXT)
    start, end = value.start_mark.index, value.end_mark.index
    alias = re.compile(r"\s*:\s+(\*[^\s,\]}]+)").match(text, key.end_mark.index)
    if alias:
        if not follow:
            return _Edit(alias.start(1), alias.group(1), image, what)
    elif start < key.end_mark.index:
        raise Refused(f"{what} is an alias", "its place cannot be told", NEXT)
    old = text[start:end]
    anchored = re.match(r"(&[^\s,\[\]{}]+\s+)(?=\S)", old)
    if anchored:
        start, old = start + anchored.end(), old[anchored.end() :]
    if "\n" in old or "\r" in old or value.style in ("|", ">") or old.startswith("!"):
        raise Refused(f"{what} is written over several lines or with a tag", "", NEXT)
    quote = value.style if value.style in ("'", '"') else ""
    return _Edit(start, old, f"{quote}{image}{quote}", what)


def _insert(text: str, node: MappingNode, service: str, image: str) -> _Edit:
    """A line of its own before the first key of the service."""
    what = f"services.{service}.image"
    if node.flow_style or not node.value:
        raise Refused(f"{service} is written on one line and names no image", "a line cannot be put in", NEXT)
    first = node.value[0][0].start_mark.index
    begin = max(text.rfind("\n", 0, first), text.rfind("\r", 0, first)) + 1
    indent = text[begin:first]
    if indent.strip(" "):
        raise Refused(f"the first line of {service} holds more than its key", "a line cannot be put in", NEXT)
    end = re.compile(r"\r\n|\n|\r").search(text, first)
    return _Edit(begin, "", f"{indent}image: {image}{end.group() if end else chr(10)}", what)


def _prove(text: str, edits: tuple[_Edit, ...], before: Meaning, images: dict[str, str]) -> None:
    """Refuses unless the edited file means the same but for the images."""
    place, parts = 0, []
    for edit in edits:
        parts += [text[place : edit.at], edit.new]
        place = edit.at + len(edit.old)
    try:
        after = meaning(read_tree("".join((*parts, text[place:]))))
    except BadInput as error:
        raise Refused("the pin does not fit into the file", error.line(), NEXT) from error
    expected = {
        name: {**service, "image": images[name]} if name in images else service
        for name, service in before.services.items()
    }
    if after.services != expected:
        other = sorted(n for n in expected if after.services.get(n) != expected[n] and n not in images)
        detail = f"the image is shared with {', '.join(other)}" if other else "the file would mean something else"
        raise Refused("no single line pins these services", detail, NEXT)
    if after.rest != before.rest:
        raise Refused("no single line pins these services", "something outside the services would change", NEXT)


def _in_bytes(text: str, mark: int, edit: _Edit) -> TextEdit:
    head = text[: edit.at]
    lines = len(re.findall(r"\r\n|\n|\r", head))
    return TextEdit(mark + len(head.encode()), edit.old, edit.new, lines + 1, edit.what)


def _pair(node: Any, name: str) -> tuple[Node, Node] | None:
    from ruamel.yaml.nodes import MappingNode, ScalarNode

    if not isinstance(node, MappingNode):
        return None
    for key, value in node.value:
        if isinstance(key, ScalarNode) and key.value == name:
            return key, value
    return None


def _value(node: MappingNode, name: str) -> Node:
    pair = _pair(node, name)
    if pair is None:
        raise Refused(f"the file has no {name}", "", NEXT)
    return pair[1]
