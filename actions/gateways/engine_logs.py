"""Follows the logs of every container of a Compose project, or of what is called so, through restarts and recreation,
in one thread.

New containers are found by asking for the list once a second; their lines are read from the first one on. The
streams themselves are understood in ``container_stream``.
"""

from __future__ import annotations

import json
import selectors
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from actions.gateways.container_stream import ContainerStream
from actions.gateways.engine_address import EngineAddress, engine_address
from actions.gateways.engine_errors import engine_error
from actions.gateways.engine_http import EngineRefusal, connect, get_json, path_with, receive, send_get
from actions.gateways.engine_rows import is_called
from actions.gateways.logs import Batches, Emit, notice
from actions.model.errors import GoaroundError
from actions.model.outside_text import sanitise
from actions.model.ports import LogLine
from actions.model.release import short_id
from actions.model.secret import Redactor

FIRST_LINES = 200
LOOK_S = 1.0
LONGEST_PAUSE_S = 5.0
RECV_BYTES = 256 * 1024
_LABEL = "com.docker.compose."


@dataclass
class _Followed:
    """A container that is there, and its connection while there is one."""

    stream: ContainerStream
    tail: str
    started: str = ""
    """When it was started, as of the newest connection: another start means more lines, though it may have
    ended."""
    connection: socket.socket | None = None
    silent: bool = False
    """The engine gives no logs of it (its log driver cannot be read)."""
    pause_s: float = 0.0
    not_before: float = 0.0
    ran: bool = True


class EngineLogs:
    """The containers of a project as one ``logs.LogSource``. ``base_url`` is meant as by
    ``EngineContainers``."""

    def __init__(
        self,
        project: str,
        base_url: str | Callable[[], str] = "",
        *,
        name: str = "containers",
        named: bool = False,
        redactor: Redactor | None = None,
        timeout_s: float = 3.0,
    ) -> None:
        """``named``: not only the project of that name, but every container in whose name it stands (Coolify's)."""
        self._project = project
        self._named = named
        self._base_url = base_url
        self._address: EngineAddress | None = None
        self._name = name
        self._redactor = redactor
        self._timeout_s = timeout_s
        self._followed: dict[str, _Followed] = {}
        self._selector = selectors.DefaultSelector()
        self._refused: set[str] = set()
        self._trouble = ""
        self._looked_before = False

    @property
    def name(self) -> str:
        """How the pane calls it."""
        return self._name

    @property
    def trouble(self) -> str:
        """See ``logs.LogSource.trouble``."""
        return self._trouble

    def run(self, emit: Emit, stop: threading.Event) -> None:
        """See ``logs.LogSource.run``. Each line's source is its service and number, such as ``web-1``."""
        batches = Batches(emit)
        look_at = 0.0
        try:
            while not stop.is_set():
                if time.monotonic() >= look_at:
                    self._look(batches)
                    look_at = time.monotonic() + LOOK_S
                self._read(batches, stop)
                batches.flush()
        finally:
            for followed in self._followed.values():
                self._drop(followed)
            self._selector.close()
        batches.flush(all_of_it=True)

    def _read(self, batches: Batches, stop: threading.Event) -> None:
        """Wait a moment for bytes and take what is there."""
        patience = batches.patience(0.2)
        if not self._selector.get_map():
            stop.wait(patience)
            return
        for key, _ in self._selector.select(patience):
            followed: _Followed = key.data
            if followed.connection is None:
                continue
            try:
                data = receive(followed.connection, RECV_BYTES)
                if data:
                    followed.pause_s = 0.0
                    batches.add(followed.stream.feed(data))
                elif data is not None:
                    batches.add(self._end(followed))
            except (OSError, ValueError) as error:
                self._drop(followed)
                self._pause(followed)
                text = f"the log stream broke off ({sanitise(str(error))}); fetching the rest"
                batches.add([notice(followed.stream.source, text)])

    def _end(self, followed: _Followed) -> list[LogLine]:
        """The engine ended a stream: the container has ended, or the engine lost its thread."""
        self._drop(followed)
        self._pause(followed)
        try:
            return followed.stream.ended()
        except EngineRefusal as refusal:
            followed.silent = refusal.status != 404
            if refusal.status == 404:
                return []
            return [notice(followed.stream.source, f"no logs: {refusal.words}")]

    def _look(self, batches: Batches) -> None:
        """Ask what is there and connect what should be read."""
        try:
            if self._address is None:
                given = self._base_url
                self._address = engine_address(given() if callable(given) else given)
        except GoaroundError as error:
            self._tell(f"{error.line()}; trying on", batches)
            return
        address = self._address
        try:
            rows = self._listed(address)
            running = {str(row["Id"]): row.get("State") == "running" for row in rows}
            for gone in self._followed.keys() - running.keys():
                if self._followed[gone].connection is None:  # else its last lines are still on the way
                    del self._followed[gone]
            for container_id, runs in running.items():
                self._see(address, container_id, runs, batches)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, EngineRefusal) as error:
            # Key, type and attribute errors: it answers JSON, but not that of an engine.
            problem = engine_error(error, address, self._timeout_s)
            self._address = None  # the way to it may have to be made again
            self._tell(f"{problem.line()}; trying on, lines are fetched later", batches)
            return
        self._looked_before = True
        if self._trouble:
            self._trouble = ""
            batches.add([notice(self._name, "the engine answers again")])

    def _listed(self, address: EngineAddress) -> list[Mapping[str, Any]]:
        """The containers that are meant, running or not."""
        if not self._named:
            query = json.dumps({"label": [f"{_LABEL}project={self._project}"]})
            return list(get_json(address, path_with("/containers/json", all="1", filters=query), self._timeout_s))
        rows = get_json(address, path_with("/containers/json", all="1"), self._timeout_s)
        return [row for row in rows if is_called(row, self._project)]

    def _see(self, address: EngineAddress, container_id: str, runs: bool, batches: Batches) -> None:
        """Connect a container that is not being read and has, or may have, something to say."""
        followed = self._followed.get(container_id)
        if followed is not None:
            waits = time.monotonic() < followed.not_before and followed.ran == runs
            followed.ran = runs
            if followed.connection or followed.silent or waits:
                return
        try:
            row = get_json(address, f"/containers/{container_id}/json", self._timeout_s)
        except EngineRefusal as refusal:
            if refusal.status != 404 and container_id not in self._refused:  # 404: removed since it was listed
                text = f"no logs of {container_id[:12]}: {sanitise(refusal.words)}"
                batches.add([notice(self._name, text)])
                self._refused.add(container_id)
            return
        started = str((row.get("State") or {}).get("StartedAt") or "")
        if followed is None:
            followed = self._begin(container_id, row, batches)
        elif not runs and started == followed.started:
            self._pause(followed)  # it has ended and its log was read to the end
            return
        query = {"follow": "1", "timestamps": "1", "stdout": "1", "stderr": "1"}
        if followed.stream.since:
            query["since"] = followed.stream.since
        else:
            query["tail"] = followed.tail
        connection = connect(address, self._timeout_s)
        try:
            send_get(connection, path_with(f"/containers/{container_id}/logs", **query))
        except OSError:
            connection.close()
            raise
        connection.setblocking(False)
        followed.stream.connected()
        followed.started, followed.connection = started, connection
        self._selector.register(connection, selectors.EVENT_READ, followed)

    def _begin(self, container_id: str, row: Mapping[str, Any], batches: Batches) -> _Followed:
        config = row.get("Config") or {}
        stream = ContainerStream(
            _source(
                config.get("Labels") or {},
                str(row.get("Name") or container_id),
                self._project if self._named else "",
            ),
            tty=bool(config.get("Tty")),
            redactor=self._redactor,
        )
        if self._looked_before:
            image = short_id(sanitise(str(row.get("Image") or "")))
            text = f"new container {container_id[:12]} of image {image}; its first line follows"
            batches.add([notice(stream.source, text)])
        followed = _Followed(stream, "all" if self._looked_before else str(FIRST_LINES))
        self._followed[container_id] = followed
        return followed

    def _drop(self, followed: _Followed) -> None:
        if followed.connection is not None:
            self._selector.unregister(followed.connection)
            followed.connection.close()
            followed.connection = None

    def _pause(self, followed: _Followed) -> None:
        """Longer each time that nothing came, so that a container that ends at once is not asked all the
        time."""
        followed.pause_s = min(LONGEST_PAUSE_S, followed.pause_s * 2 or 0.25)
        followed.not_before = time.monotonic() + followed.pause_s

    def _tell(self, text: str, batches: Batches) -> None:
        """A trouble, once until it is another one or over."""
        if text != self._trouble:
            self._trouble = text
            batches.add([notice(self._name, text)])


def _source(labels: Mapping[str, str], name: str, called: str = "") -> str:
    """Service and number: the same for a container and the one that takes its place, whose name differs
    meanwhile. ``called``: what stands in every name (Coolify's UUID, with a time behind it); the service is the rest.
    """
    service, number = labels.get(f"{_LABEL}service", ""), labels.get(f"{_LABEL}container-number", "")
    if called:
        rest = [part for part in name.lstrip("/").replace(called, "").split("-") if part and not part.isdecimal()]
        return sanitise("-".join(rest) or service or "app")
    if not service or str(labels.get(f"{_LABEL}oneoff", "")).lower() == "true":
        return sanitise(name.lstrip("/"))
    return sanitise(f"{service}-{number}" if number else service)
