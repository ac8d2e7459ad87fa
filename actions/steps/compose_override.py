"""The override file that pins services to image ids, and what it changes in the resolved configuration.

Text in, text out: the files lie on the host, and Compose resolves them there.
"""

from __future__ import annotations

import difflib
import re

from actions.model.ports import ComposeTool

HEADER = "# Written by goaround for "
"""How every override of ours begins: a file that does not is somebody else's and is never replaced."""

_KEY = re.compile(r"^( *)(?:- )?(\"[^\"]*\"|'[^']*'|[^\s#:'\"][^:]*):(?: +(.*))?$")
_NOT_WORDS = ("true", "false", "null", "yes", "no", "on", "off", "y", "n")
_SHOWN = ("image", "pull_policy")


def override_text(
    tool: ComposeTool, images: dict[str, str], incident: str, target: str, *, keep: dict[str, str]
) -> str:
    """A Compose file that pins each service to an image id and asks nobody to fetch it.

    ``keep`` holds the tags under which the images are kept, for the comments. Generation 1 knows no
    ``pull_policy`` in the older file formats and pulls nothing that is there.
    """
    lines = [
        f"{HEADER}{_comment(incident)}: pins services to {_comment(target)}.",
        "# Plain `up` without this file goes back to what the project's own files say.",
        "services:",
    ]
    for service in sorted(images):
        lines.append(f"  {_word(service)}:")
        if keep.get(service):
            lines.append(f"    # {_comment(keep[service])}")
        lines.append(f'    image: "{images[service]}"')
        if tool.generation >= 2:
            lines.append("    pull_policy: never")
    return "\n".join(lines) + "\n"


def _word(service: str) -> str:
    """A service name as a YAML key; ``on`` and ``1`` are names, too."""
    plain = re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", service) and service.lower() not in _NOT_WORDS
    return service if plain else f'"{service}"'


def _comment(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text)[:200]


def config_diff(before: str, after: str) -> str:
    """What differs between two resolved configurations, as ``path: value`` lines; empty: nothing does.

    Only images and pull policies are shown with their value: a configuration holds secrets, and any other
    line that differs is named by its path alone.
    """
    old, new = before.splitlines(), after.splitlines()
    old_paths, new_paths = _paths(old), _paths(new)
    out: list[str] = []
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal":
            continue
        out += [f"- {_show(old_paths[i], old[i])}" for i in range(a, b)]
        out += [f"+ {_show(new_paths[i], new[i])}" for i in range(c, d)]
    return "\n".join(out)


def changed_paths(before: str, after: str) -> frozenset[str]:
    """The paths of all lines that differ: ``services.web.image``."""
    old, new = before.splitlines(), after.splitlines()
    old_rows = set(zip(_paths(old), old, strict=True))
    new_rows = set(zip(_paths(new), new, strict=True))
    return frozenset(path for path, _ in old_rows ^ new_rows)


def _paths(lines: list[str]) -> list[str]:
    """The dotted path of every line of a configuration as Compose prints it: blocks, indented by spaces."""
    stack: list[tuple[int, str]] = []
    paths = []
    for line in lines:
        match = _KEY.match(line)
        indent = len(line) - len(line.lstrip(" "))
        if match:
            while stack and stack[-1][0] >= indent:
                stack.pop()
            stack.append((indent, match.group(2).strip("\"'")))
        paths.append(".".join(key for _, key in stack))
    return paths


def _show(path: str, line: str) -> str:
    parts = path.split(".")
    match = _KEY.match(line)
    is_shown = len(parts) >= 3 and parts[0] == "services" and parts[-1] in _SHOWN
    if match and is_shown and len(line) - len(line.lstrip(" ")) <= 6:
        return f"{path}: {(match.group(3) or '').strip()}"
    return f"{path} (value not shown)"
