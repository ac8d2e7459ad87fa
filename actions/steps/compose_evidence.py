"""Draws what is kept before containers are recreated: their logs, the resolved configuration, what the engine tells.

Recreating a container takes its log with it. Collecting and storing is left to ``evidence``.
"""

from __future__ import annotations

import re

from actions.model.compose_command import compose_argv
from actions.model.effect import CollectFile, CollectOutput
from actions.model.ports import Container, World
from actions.steps.compose_checkout import commit_evidence
from actions.steps.compose_facts import ComposeFacts, path_in
from actions.steps.compose_names import short
from actions.steps.evidence import KeepEvidence, private_words

LOG_BYTES = 256 * 1024 * 1024
"""Newest bytes kept of each log: more would fill the disk of a jump host in the worst minute."""
NOT_HELD = (
    "NOT kept: the shell environment of earlier deployments (what the containers got of it stands in containers.json),"
    " and files that a variable names or that lie elsewhere"
)
"""Whoever restores from this backup must not find out then."""


def keep_logs(facts: ComposeFacts, world: World) -> KeepEvidence:
    """The step that exports the log of every container of the project, ended and left-over ones too."""
    containers = (*facts.containers, *facts.leftovers)
    names = [_log_name(container) for container in containers]
    collects = tuple(
        CollectOutput(
            world.host.name,
            ("docker", "logs", "--timestamps", container.id),
            name if names.count(name) == 1 else f"{name.removesuffix('.log')}-{short(container.id)}.log",
            limit_bytes=LOG_BYTES,
        )
        for container, name in zip(containers, names, strict=True)
    )
    return KeepEvidence(
        title_text="Export the logs of every container",
        expected_text=f"{len(collects)} logs are kept, of each the newest {LOG_BYTES >> 20} MiB",
        collects=collects,
    )


def _log_name(container: Container) -> str:
    return f"log-{container.service}-{container.number}{'-run' if container.one_off else ''}.log"


def _file_name(path: str, directory: str) -> str:
    name = path.removeprefix(directory.rstrip("/") + "/")
    return name.replace("/", "_").lstrip("._") or name


def keep_configuration(facts: ComposeFacts, world: World) -> KeepEvidence:
    """The step that keeps the configuration, resolved and as files, and what the engine tells of the containers."""
    host, directory, readers = world.host.name, facts.directory, world.evidence.encrypts_to

    def told(argv: tuple[str, ...], name: str, cwd: str = "") -> CollectOutput:
        return CollectOutput(host, argv, name, cwd=cwd, private=True, merge_stderr=False, encrypt_to=readers)

    resolve = compose_argv(facts.tool, directory, facts.files, facts.project.name, "config")
    collects: list[CollectOutput | CollectFile] = [told(resolve, "compose-config.yml", directory)]
    paths = [path_in(directory, name) for name in facts.files]
    paths += [path for path in facts.drawn_in if world.host.read_file(path) is not None]
    names = [_file_name(path, directory) for path in paths]
    collects += [
        CollectFile(
            host, path, name if names.count(name) == 1 else f"{number}-{name}", private=True, encrypt_to=readers
        )
        for number, (path, name) in enumerate(zip(paths, names, strict=True), start=1)
    ]
    ids = [container.id for container in (*facts.containers, *facts.leftovers)]
    if ids:
        collects.append(told(("docker", "inspect", *ids), "containers.json"))
    listing = ("docker", "image", "ls", "--digests", "--no-trunc")
    collects.append(CollectOutput(host, listing, "images.txt", merge_stderr=False))
    expected = "resolved configuration, Compose files and containers are kept; images listed"
    commit, checkout = commit_evidence(directory, world)
    collects += checkout
    expected += f"; {commit}; {private_words(readers)}; {NOT_HELD}"
    if re.search(r"^(secrets|configs):", facts.project.text, re.MULTILINE):
        expected += "; NOT kept, as Compose does not tell it: what secrets and configs hold"
    return KeepEvidence(
        title_text="Save the configuration",
        expected_text=expected,
        collects=tuple(collects),
    )
