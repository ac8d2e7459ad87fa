"""Asks how many tasks of the background work wait, and finds out how that can be asked.

By the command of ``[queue]``; else the service of the Compose project that runs a Celery worker is looked for, and a
one-off container of its image asks the broker through Celery: the same before and after the worker is stopped.
"""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import replace

from actions.model.compose_command import compose_argv
from actions.model.django_code import STDIN, DjangoCode
from actions.model.effect_queue import AskQueue
from actions.model.errors import GoaroundError
from actions.model.note import Note
from actions.model.note_kinds import NoteKind
from actions.model.outside_text import sanitise
from actions.model.ports import World
from actions.model.queue_depth import Depth, depth_of
from actions.model.release import short_id
from actions.model.system import Settings
from actions.model.system_database import QueueTable
from actions.steps.compose_facts import ComposeFacts, running_images
from actions.steps.container_asking import inspected
from actions.steps.perform_ground import host_of
from actions.steps.pipe_script import Pipe

_NAMED = re.compile(r"celery|worker")
_NOT_WORKERS = re.compile(r"beat|flower|exporter")
MOVE = "set command or service and app in a [queue] table"


def question(settings: Settings, world: World, facts: ComposeFacts | None) -> AskQueue | Depth | None:
    """How it is asked (``before``), or why it cannot be; None where nothing here has a queue."""
    table = settings.queue
    if table is not None and table.command:
        cwd = facts.directory if facts is not None else ""
        return AskQueue(world.host.name, "before", table.command, cwd, deadline_s=table.answer)
    if facts is None:
        return None if table is None else Depth(unknown=f"there is no [compose] table; {MOVE}")
    service, app = _worker(table or QueueTable(), world, facts)
    if not service:
        return None
    if not app:
        return Depth(unknown=f"which application {sanitise(service)} works for is not known; {MOVE}")
    image = running_images(facts.containers, (service,)).get(service, "")
    if not image or image not in facts.images:
        return Depth(unknown=f"{sanitise(service)} has no container whose image is on the engine")
    code = DjangoCode(
        world.host.name,
        f"what {service} runs ({short_id(image)})",
        cwd=facts.directory,
        image=image,
        service=service,
        compose=compose_argv(facts.tool, facts.directory, (*facts.files, STDIN), facts.project.name, "run", "-T"),
        pulls=facts.tool.generation >= 2,
    )
    table = table or QueueTable()
    asked = AskQueue(world.host.name, "before", (), facts.directory, code, app, table.names, table.python, table.answer)
    return asked


def after(asked: AskQueue | Depth | None) -> AskQueue | None:
    """The same question, once the writers are stopped."""
    return replace(asked, when="after") if isinstance(asked, AskQueue) else None


def read(world: World, asked: AskQueue) -> Depth:
    """Ask. What cannot be asked is an unknown with its reason, never an error: it holds nothing up."""
    pipe = Pipe(asked.stages())
    try:
        host = host_of(world, asked.host)
        result = host.run(pipe.argv, cwd=asked.cwd, timeout_s=asked.deadline_s)
    except GoaroundError as error:
        return Depth(unknown=error.line())
    if result.timed_out:
        return Depth(unknown=f"no answer within {asked.deadline_s} s")
    ends, words = pipe.ends(result.stderr)
    if any(ends):
        said = [line for line in words.decode("utf-8", "replace").splitlines() if line.strip()]
        why = sanitise(world.redact(said[-1]), limit=160) if said else f"exit status {next(filter(None, ends))}"
        return Depth(unknown=f"the question failed: {why}")
    return depth_of(world.redact(result.stdout.decode("utf-8", "replace")))


def notes(world: World, asked: AskQueue | Depth | None) -> tuple[Note, ...]:
    """What a plan says of it, read now."""
    if asked is None:
        return ()
    depth = read(world, asked) if isinstance(asked, AskQueue) else asked
    words = depth.words()
    if not depth.drained and not depth.unknown:
        words += "; these were written by the code that is left, and the workers that are started take them"
    return (NoteKind.QUEUE_DEPTH.note(words),)


def _worker(table: QueueTable, world: World, facts: ComposeFacts) -> tuple[str, str]:
    """Service and application; what is configured comes first, then what containers are started with."""
    if table.service and table.app:
        return table.service, table.app
    commands = _commands(world, facts)
    if table.service:
        return table.service, app_of(commands.get(table.service, ()))
    working = {name: words for name, words in commands.items() if is_worker(words)}
    if working:
        service = min(working)
        return service, table.app or app_of(working[service])
    named = sorted(n for n in commands if _NAMED.search(n.casefold()) and not _NOT_WORKERS.search(n.casefold()))
    return (named[0], table.app) if named else ("", "")


def is_worker(words: tuple[str, ...]) -> bool:
    """Whether a container that is started so is a Celery worker."""
    names = [word.rpartition("/")[2] for word in words]
    return "celery" in names and "worker" in names[names.index("celery") :]


def app_of(words: tuple[str, ...]) -> str:
    """The application that ``celery -A NAME worker`` names."""
    for word, after_it in zip(words, (*words[1:], ""), strict=True):
        if word in ("-A", "--app"):
            return after_it
        if word.startswith("--app="):
            return word.partition("=")[2]
        if word.startswith("-A") and len(word) > 2:
            return word[2:]
    return ""


def _commands(world: World, facts: ComposeFacts) -> dict[str, tuple[str, ...]]:
    """Service -> what its container is started with; a shell line is taken apart."""
    services = {one.id: one.service for one in facts.containers}  # also of those that an earlier plan has stopped
    out: dict[str, tuple[str, ...]] = {}
    for service, text in inspected(world, services, "[{{json .Config.Entrypoint}},{{json .Config.Cmd}}]"):
        try:
            lists = json.loads(text)
        except ValueError:
            continue
        out[service] = tuple(word for part in lists for one in part or () for word in _words(str(one)))
    return out


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return [text]
