"""How many tasks wait in a queue of background work: what a command answers, and the words for it. Pure.

Tasks that wait were written by the code that is left: whoever starts another one must know of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import field

from actions.model.outside_text import sanitise
from actions.model.quick_dataclass import dataclass

SHOWN = 5
NAMELESS = "the queue"
_NUMBER = re.compile(r"(?:\(integer\)\s*)?(\d{1,12})")
_NAMED = re.compile(r"(\S+)(?:\s*[:=]\s*|\s+)(\d{1,12})")


@dataclass(frozen=True)
class Depth:
    """What waits, or why that is not known. Texts are sanitised."""

    queues: dict[str, int] = field(default_factory=dict)
    """Queue -> tasks that wait in it."""
    tasks: dict[str, int] = field(default_factory=dict)
    """Name of a task -> how many of those that were looked at; empty: the names are not known."""
    begun: int = 0
    """Tasks that a worker has taken and not finished."""
    unknown: str = ""
    """Why nothing is known; empty: the numbers are."""

    @property
    def waiting(self) -> int:
        """In all queues."""
        return sum(self.queues.values())

    @property
    def drained(self) -> bool:
        """Known, and nothing waits or is begun."""
        return not self.unknown and not self.waiting and not self.begun

    def words(self) -> str:
        """``143 tasks wait in celery (app.mail 140, app.report 3): not drained``."""
        if self.unknown:
            return f"how many tasks wait is not known: {self.unknown}"
        names = ", ".join(sorted(self.queues)) or NAMELESS
        if self.drained:
            return f"no task waits in {names}: drained"
        wait = "1 task waits" if self.waiting == 1 else f"{self.waiting} tasks wait"
        parts = [f"{wait}: {self._by_queue()}" if len(self.queues) > 1 else f"{wait} in {names}{self._by_task()}"]
        if self.begun:
            parts.append(f"{self.begun} begun and not finished")
        return f"{', '.join(parts)}: not drained"

    def _by_queue(self) -> str:
        return ", ".join(f"{name} {count}" for name, count in sorted(self.queues.items())) + self._by_task()

    def _by_task(self) -> str:
        if not self.tasks:
            return ""
        most = sorted(self.tasks.items(), key=lambda one: (-one[1], one[0]))
        more = f", {len(most) - SHOWN} more names" if len(most) > SHOWN else ""
        return f" ({', '.join(f'{name} {count}' for name, count in most[:SHOWN])}{more})"


def depth_of(output: str) -> Depth:
    """Reads JSON of ``ASK_CELERY``, a number alone, or lines of a name and a number; anything else is not known."""
    text = output.strip()
    if text.startswith("{"):
        return _of_json(text)
    queues: dict[str, int] = {}
    for line in text.splitlines():
        line = line.strip()
        if found := _NUMBER.fullmatch(line):
            queues[NAMELESS] = queues.get(NAMELESS, 0) + int(found[1])
        elif found := _NAMED.fullmatch(line):
            queues[_safe(found[1])] = int(found[2])
    if queues:
        return Depth(queues)
    return Depth(
        unknown=f"the answer holds no number: {_safe(text.splitlines()[0])}" if text else "nothing is answered"
    )


def _of_json(text: str) -> Depth:
    try:
        found = json.loads(text.splitlines()[-1])
        counts = {_safe(name): int(count) for name, count in found["queues"].items()}
        tasks = {_safe(name): int(count) for name, count in found.get("tasks", {}).items()}
        return Depth(counts, tasks, int(found.get("begun", 0)))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return Depth(unknown=f"the answer is not understood: {_safe(text)}")


def _safe(text: str) -> str:
    return sanitise(str(text), limit=80)


def facts_of(depth: Depth, when: str) -> Mapping[str, str]:
    """For the end of the step."""
    return {f"queue {when}": "not known" if depth.unknown else str(depth.waiting + depth.begun)}


ASK_CELERY = r"""
import json, sys
from celery.app.utils import find_app
app = find_app(sys.argv[1])
names = sys.argv[2:] or sorted(app.amqp.queues)
queues, tasks, begun = {}, {}, 0
connection = app.connection_for_read()
connection.ensure_connection(max_retries=1, timeout=10)
for name in names:
    channel = connection.channel()
    try:
        queues[name] = channel.queue_declare(queue=name, passive=True).message_count
    except Exception as error:
        if str(getattr(error, 'reply_code', getattr(error, 'code', 0))) != '404':
            raise
        queues[name] = 0
    client = getattr(channel, 'client', None)
    if not hasattr(client, 'lrange'):
        continue
    for step in channel.priority_steps:
        for raw in client.lrange(channel._q_for_pri(name, step), 0, 999):
            head = json.loads(raw).get('headers') or {}
            task = head.get('task') or '?'
            tasks[task] = tasks.get(task, 0) + 1
    begun = max(begun, client.hlen(channel.unacked_key))
print(json.dumps({'queues': queues, 'tasks': tasks, 'begun': begun}))
"""
"""Run by the worker's own Python with the application's name: asks the broker, whichever it is, and takes nothing."""
