"""The argv of a Compose command, for what is read and for what a step will do; running it is left to others.

Facts of both generations that decide the shape (tried with 2.26.1 and 1.29.2):

- Both take the folder of the first ``-f`` as the project's folder, and read relative ``-f`` from where they
  run. So a command is run in the project's folder, and files keep the names the operator gave them.
- As soon as one ``-f`` is given, nothing is found by itself: an override file that is added must be named
  together with the files that were found by default (``default_files``).
- ``exec`` and ``run`` ask for a terminal unless told not to; without one, generation 1 fails: ``-T`` is
  always given.
- ``up -d --no-build --no-deps SERVICE…``, ``stop``, ``ps``, ``logs`` and ``config`` are the same in both.
- Only generation 2 knows ``up --wait`` and ``--pull``, ``config --format json`` and ``--profile "*"``.
  Generation 1 shows no project name: it is always given with ``-p`` once it is known.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import PurePosixPath

from actions.model.ports import ComposeTool

_NAMES = {
    2: ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"),
    1: ("docker-compose.yml", "docker-compose.yaml", "compose.yml", "compose.yaml"),
}
_OVERRIDES = {
    2: (
        "compose.override.yml",
        "compose.override.yaml",
        "docker-compose.override.yml",
        "docker-compose.override.yaml",
    ),
    1: (
        "docker-compose.override.yml",
        "docker-compose.override.yaml",
        "compose.override.yml",
        "compose.override.yaml",
    ),
}


def compose_argv(
    tool: ComposeTool, directory: str, files: tuple[str, ...], project: str, *words: str
) -> tuple[str, ...]:
    """The argv of ``words`` (a subcommand and its arguments) for a project, to be run in ``directory``.

    Files below ``directory`` are named relative to it. An empty ``project`` leaves the name to Compose, empty
    ``files`` leave them to Compose. ``exec`` and ``run`` get ``-T``. Raises ValueError when no subcommand is
    given.
    """
    if not words or not words[0] or words[0].startswith("-"):
        raise ValueError(f"a subcommand of Compose is needed, not {words[:1]!r}")
    argv = [*tool.argv]
    if project:
        argv += ["-p", project]
    for name in files:
        argv += ["-f", _near(directory, name)]
    argv.append(words[0])
    if words[0] in ("exec", "run") and "-T" not in words[1:2]:
        argv.append("-T")
    return (*argv, *words[1:])


def default_files(names: Collection[str], generation: int) -> tuple[str, ...]:
    """The files Compose would take from a folder that holds ``names``: one, and its override when there is
    one."""
    present = set(names)
    main = next((name for name in _NAMES[generation] if name in present), "")
    if not main:
        return ()
    override = next((name for name in _OVERRIDES[generation] if name in present), "")
    return (main, override) if override else (main,)


def _near(directory: str, name: str) -> str:
    path, folder = PurePosixPath(name), PurePosixPath(directory)
    if directory and path.is_absolute() and folder.is_absolute() and path.is_relative_to(folder):
        name = str(path.relative_to(folder))
    # A file named "-" is standard input to Compose, and a leading dash would be read as an option.
    return f"./{name}" if name.startswith("-") else name
