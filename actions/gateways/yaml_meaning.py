"""What a Compose file means, apart from how it is written: plain values with anchors and merges resolved.

Used to prove that an edit changes what it should and nothing else; Compose's own rules are left to Compose.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from actions.model.errors import BadInput
from actions.model.outside_text import sanitise

if TYPE_CHECKING:
    from ruamel.yaml.nodes import MappingNode

NEXT = "correct the file; `docker compose config` tells more"
DEEPEST = 100


@dataclass(frozen=True)
class Meaning:
    """A Compose file as plain values; scalars are texts, or pairs of tag and text where they are no plain text."""

    services: dict[str, dict[Any, Any]]
    rest: dict[Any, Any]
    """Everything but the services and the extension fields (``x-…``), which Compose ignores."""
    extends: dict[str, str]
    """Service -> the service of this file that it extends."""


def read_tree(text: str) -> MappingNode:
    """The file as nodes with positions. Raises BadInput naming the line of what is no YAML."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError
    from ruamel.yaml.nodes import MappingNode

    try:
        nodes = list(YAML(typ="safe", pure=True).compose_all(text))
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise BadInput("the Compose file is no YAML", f"line {line}: {sanitise(str(error.problem))}", NEXT) from error
    except (YAMLError, RecursionError, ValueError) as error:
        raise BadInput("the Compose file is no YAML", sanitise(str(error), limit=200), NEXT) from error
    if len(nodes) != 1 or not isinstance(nodes[0], MappingNode):
        raise BadInput("the Compose file is not one mapping", f"it holds {len(nodes)} documents", NEXT)
    return nodes[0]


def meaning(tree: MappingNode) -> Meaning:
    """The values of a tree. Raises BadInput for keys that stand there twice, and for circles."""
    values = _plain(tree, 0)
    services = values.get("services")
    if not isinstance(services, dict) or not all(isinstance(s, dict) for s in services.values()):
        raise BadInput("the Compose file has no services", "", NEXT)
    rest = {k: v for k, v in values.items() if k != "services" and not str(k).startswith("x-")}
    return Meaning(services, rest, _extends(services))


def _extends(services: dict[str, dict[Any, Any]]) -> dict[str, str]:
    found = {}
    for name, service in services.items():
        base = service.get("extends")
        if isinstance(base, dict):
            base = None if "file" in base else base.get("service")
        if isinstance(base, str):
            found[name] = base
    return found


def _plain(node: Any, depth: int) -> Any:
    from ruamel.yaml.nodes import MappingNode, SequenceNode

    if depth > DEEPEST:
        raise BadInput("the Compose file is nested too deeply", f"more than {DEEPEST} levels", NEXT)
    if isinstance(node, MappingNode):
        return _mapping(node, depth)
    if isinstance(node, SequenceNode):
        return tuple(_plain(item, depth + 1) for item in node.value)
    tag = str(node.tag)
    return node.value if tag.endswith(":str") else (tag, node.value)


def _mapping(node: MappingNode, depth: int) -> dict[Any, Any]:
    own: dict[Any, Any] = {}
    merged: dict[Any, Any] = {}
    for key, value in node.value:
        if key.value == "<<":
            sources = _plain(value, depth + 1)
            for source in reversed(sources if isinstance(sources, tuple) else (sources,)):
                if isinstance(source, dict):
                    merged.update(source)
            continue
        name = _plain(key, depth + 1)
        if not isinstance(name, str | tuple):
            raise BadInput("the Compose file has a key that is no word", f"line {key.start_mark.line + 1}", NEXT)
        if name in own:
            line = key.start_mark.line + 1
            raise BadInput("the Compose file has a key twice", f"line {line}: {sanitise(str(name))}", NEXT)
        own[name] = _plain(value, depth + 1)
    return {**merged, **own}


def drawn_in(tree: MappingNode) -> tuple[str, ...]:
    """The files that a Compose file draws in, as it names them, in order: ``include``, ``extends``, ``env_file``.

    Names that hold a variable are as they stand there. Raises BadInput as ``meaning`` does.
    """
    values = _plain(tree, 0)
    found = [*_paths(values.get("include"), ("path", "env_file"))]
    services = values.get("services")
    for service in services.values() if isinstance(services, dict) else ():
        if isinstance(service, dict):
            extends = service.get("extends")
            found += _paths(extends.get("file"), ()) if isinstance(extends, dict) else []
            found += _paths(service.get("env_file"), ("path",))
    return tuple(dict.fromkeys(found))


def _paths(value: Any, keys: tuple[str, ...]) -> list[str]:
    """The texts of a text, of a list of them, or of the named keys of tables in it."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, tuple):
        return [path for item in value for path in _paths(item, keys)]
    if isinstance(value, dict):
        return [path for key in keys for path in _paths(value.get(key), ())]
    return []
