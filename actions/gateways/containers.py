"""Reads images and containers from the Docker engine through its API; what changes them is left to the steps.

What is asked often or in a hurry goes over a bare socket (``engine_http``). The docker package, which finds the
API version both know, is loaded when every image is listed: it takes as long to import as the screen to paint.
"""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from actions.gateways.engine_address import EngineAddress, engine_address
from actions.gateways.engine_errors import engine_error
from actions.gateways.engine_http import EngineRefusal, get_answer, get_json, path_with
from actions.gateways.engine_rows import PROJECT, is_called
from actions.model.clock import parse_stamp, stamp
from actions.model.outside_text import sanitise
from actions.model.ports import Container, Image, LogLine

if TYPE_CHECKING:
    from docker import APIClient

T = TypeVar("T")

SERVICE = "com.docker.compose.service"
NUMBER = "com.docker.compose.container-number"
ONE_OFF = "com.docker.compose.oneoff"
CONFIG_FILES = "com.docker.compose.project.config_files"

_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@-]{0,511}")
_EXIT = re.compile(r"(?:Exited|Restarting) \((\d+)\)")
_HEALTH = re.compile(r"\((?:health: )?(healthy|unhealthy|starting)\)")
_AT_ONCE = 8


class EngineContainers:
    """The engine of a host, as ``ports.Containers``; may be asked from several threads at once.

    ``base_url`` is the path of a unix socket or a ``unix://``/``tcp://`` URL; empty: the engine that the
    ``docker`` program uses here (DOCKER_HOST, its context, the default socket). ``timeout_s`` bounds the wait
    for each answer. A callable is asked for the address with the first question (a socket that is forwarded
    only then).
    """

    def __init__(self, base_url: str | Callable[[], str] = "", *, timeout_s: float = 10.0) -> None:
        self._base_url = base_url
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._client: APIClient | None = None
        self._address: EngineAddress | None = None
        self._restarts: dict[str, int] = {}

    @property
    def address(self) -> EngineAddress:
        """Where the engine listens. Raises ``BadInput`` when the environment names none that we can reach."""
        if self._address is None:
            given = self._base_url
            self._address = engine_address(given() if callable(given) else given)
        return self._address

    def close(self) -> None:
        """Give the connections back; the next question opens new ones."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def version(self) -> str:
        """Engine and API version, such as ``Docker 20.10.24, API 1.41``."""
        told = self._ask(lambda client: client.version())
        return sanitise(f"Docker {told.get('Version', 'of unknown version')}, API {told.get('ApiVersion', '?')}")

    def images(self) -> tuple[Image, ...]:
        """Every image that is there, newest first: tagged, dangling, and those a container was made from.

        Parents that only the builder knows are left out, unless a container was made from one: a rebuild that
        went on from an earlier image hides it from every list, though it is what runs.
        """
        rows = self._ask(lambda client: client.images(all=False))
        used = self._used_images()
        listed = [_image(row, used) for row in rows]
        hidden = sorted(used - {image.id for image in listed})
        found = (self._inspect_image(image_id) for image_id in hidden)
        listed += [_image(row, used) for row in found if row is not None]
        return tuple(sorted(listed, key=lambda image: (image.created, image.id), reverse=True))

    def image(self, reference: str) -> Image | None:
        """One image by full id or exact reference, or None; ``obcms`` never finds ``my-obcms``, nor an id's
        beginning."""
        row = self._named_image(reference)
        return None if row is None else _image(row, self._used_images())

    def image_id(self, reference: str) -> str:
        """The id of one image by full id or exact reference; empty: it is not there. Cheaper than ``image``."""
        row = self._named_image(reference)
        return "" if row is None else sanitise(str(row["Id"]))

    def containers(self, project: str) -> tuple[Container, ...]:
        """Every container of a Compose project, exited and one-off ones too, each inspected."""
        found = self._inspected_of([row["Id"] for row in self._list(project)])
        self._restarts = {container.id: container.restarts for container in found}
        return _in_order(found)

    def named(self, text: str) -> tuple[Container, ...]:
        """Every container in whose name this text stands, or whose Compose project is called so."""
        rows = self._rows("/containers/json?all=1")
        return _in_order(self._inspected_of([row["Id"] for row in rows if is_called(row, text)]))

    def _inspected_of(self, ids: list[str]) -> list[Container]:
        if len(ids) <= 1:
            rows: Iterable[Mapping[str, Any] | None] = [self._inspect(one) for one in ids]
        else:
            with ThreadPoolExecutor(max_workers=min(_AT_ONCE, len(ids))) as pool:
                rows = list(pool.map(self._inspect, ids))
        return [_inspected(row) for row in rows if row is not None]

    def states(self, project: str) -> tuple[Container, ...]:
        """The same from one list alone, for asking twice a second.

        Restart counts are those of the last ``containers``; ``started_at`` and ``error`` are empty, and
        ``image_ref`` is the image id once the tag has moved on.
        """
        return _in_order(_listed(row, self._restarts) for row in self._list(project))

    def newest_lines(self, container_id: str, count: int) -> tuple[LogLine, ...]:
        """The newest lines of a container's log, oldest first; none when it was removed, or keeps no log."""
        from actions.gateways.container_stream import ContainerStream  # only where something ails

        row = self._inspect(container_id)
        if row is None:
            return ()
        query = {"stdout": "1", "stderr": "1", "timestamps": "1", "tail": str(count)}
        address = self.address
        stream = ContainerStream("", tty=bool((row.get("Config") or {}).get("Tty")))
        try:
            answer = get_answer(address, path_with(f"/containers/{container_id}/logs", **query), self._timeout_s)
            return (*stream.feed(bytes(answer)), *stream.ended())
        except EngineRefusal:
            return ()  # its log driver cannot be read, or it is gone meanwhile
        except (OSError, ValueError) as error:
            self._lost()
            raise engine_error(error, address, self._timeout_s) from error

    def _list(self, project: str) -> list[dict[str, Any]]:
        wanted = json.dumps({"label": [f"{PROJECT}={project}"]})
        return self._rows(path_with("/containers/json", all="1", filters=wanted))

    def _used_images(self) -> frozenset[str]:
        rows = self._rows("/containers/json?all=1")
        return frozenset(str(row.get("ImageID", "")) for row in rows) - {""}

    def _inspect(self, container_id: str) -> dict[str, Any] | None:
        """None when it was removed since it was listed."""
        found: dict[str, Any] | None = self._get(f"/containers/{container_id}/json", may_lack=True)
        return found

    def _named_image(self, reference: str) -> dict[str, Any] | None:
        if not _REFERENCE.fullmatch(reference) or ".." in reference:
            return None
        row = self._inspect_image(reference)
        return row if row is not None and _names(row, reference) else None

    def _inspect_image(self, reference: str) -> dict[str, Any] | None:
        found: dict[str, Any] | None = self._get(f"/images/{reference}/json", may_lack=True)
        return found

    def _rows(self, path: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self._get(path, list)
        return rows

    def _get(self, path: str, kind: type = dict, *, may_lack: bool = False) -> Any:
        """One answer, without the docker package: a third of its time. ``may_lack``: None for what is not there."""
        address = self.address
        try:
            answer = get_json(address, path, self._timeout_s)
            if not isinstance(answer, kind):
                raise ValueError("the answer is of another kind than was asked for")
            return answer
        except EngineRefusal as error:
            if may_lack and error.status == 404:
                return None
            raise engine_error(error, address, self._timeout_s) from error
        except (OSError, ValueError) as error:
            self._lost()
            raise engine_error(error, address, self._timeout_s) from error

    def _ask(self, question: Callable[[APIClient], T]) -> T:
        """Put one question; whatever goes wrong comes out as a ``GoaroundError``."""
        from docker.errors import APIError, DockerException
        from requests.exceptions import RequestException
        from urllib3.exceptions import HTTPError

        address = self.address
        try:
            return question(self._connected(address))
        except (DockerException, RequestException, HTTPError, OSError, ValueError) as error:
            if not isinstance(error, APIError):
                self._lost()
            raise engine_error(error, address, self._timeout_s) from error

    def _lost(self) -> None:
        self.close()  # nobody knows what its connections are good for now
        if callable(self._base_url):
            self._address = None  # the way to it may have to be made again

    def _connected(self, address: EngineAddress) -> APIClient:
        with self._lock:
            if self._client is None:
                self._client = _connect(address, self._timeout_s)
            return self._client


def _connect(address: EngineAddress, timeout_s: float) -> APIClient:
    from docker import APIClient
    from docker.tls import TLSConfig

    if address.socket_path:
        # The docker package leaves a socket open when it cannot connect it, and wraps the reason three times.
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as attempt:
            attempt.settimeout(timeout_s)
            attempt.connect(address.socket_path)
    tls: TLSConfig | bool = False
    if address.tls_folder:
        folder = address.tls_folder
        tls = TLSConfig(
            client_cert=(f"{folder}/cert.pem", f"{folder}/key.pem"),
            ca_cert=f"{folder}/ca.pem" if address.tls_verify else None,
            verify=address.tls_verify,
        )
    client = APIClient(base_url=address.url, version="auto", timeout=timeout_s, tls=tls)  # type: ignore[arg-type]  # seconds may have a fraction; the stubs say int
    client.trust_env = False  # no proxy and no netrc between us and the engine; they are looked up for every request
    return client


def _names(row: Mapping[str, Any], reference: str) -> bool:
    """Whether an inspected image is exactly what was asked for, not one that the engine guessed."""
    if reference == row.get("Id"):
        return True
    known = {*(row.get("RepoTags") or ()), *(row.get("RepoDigests") or ())}
    short = reference.removeprefix("docker.io/").removeprefix("library/")
    last = short.rpartition("/")[2]
    asked = {reference, short}
    if ":" not in last and "@" not in last:
        asked = {f"{name}:latest" for name in asked}
    if "@" in short and ":" in short.partition("@")[0].rpartition("/")[2]:
        # name:tag@digest: the digest alone decides, as in the engine
        asked = {f"{short.partition('@')[0].rpartition(':')[0]}@{short.partition('@')[2]}"}
    return bool(asked & known)


def _image(row: Mapping[str, Any], used: frozenset[str]) -> Image:
    labels = row.get("Labels") or (row.get("Config") or {}).get("Labels") or {}
    return Image(
        id=sanitise(str(row["Id"])),
        tags=tuple(sorted(sanitise(tag) for tag in row.get("RepoTags") or () if "<none>" not in tag)),
        digests=tuple(sorted(sanitise(tag) for tag in row.get("RepoDigests") or () if "<none>" not in tag)),
        created=_moment(row.get("Created")),
        size=int(row.get("Size") or 0),
        labels=_labels(labels),
        in_use=str(row["Id"]) in used,
    )


def _listed(row: Mapping[str, Any], restarts: Mapping[str, int]) -> Container:
    labels, status, state = _labels(row.get("Labels")), str(row.get("Status", "")), str(row.get("State", ""))
    health = _HEALTH.search(status) if state == "running" else None
    exit_code = _EXIT.match(status)
    names = [name.lstrip("/") for name in row.get("Names") or () if name.count("/") == 1]
    return Container(
        id=sanitise(str(row["Id"])),
        name=sanitise(names[0] if names else str(row["Id"])[:12]),
        image_id=sanitise(str(row.get("ImageID", ""))),
        image_ref=sanitise(str(row.get("Image", ""))),
        state=sanitise(state),
        health=health.group(1) if health else "",
        restarts=restarts.get(str(row["Id"]), 0),
        exit_code=int(exit_code.group(1)) if exit_code else 0,
        started_at="",
        created_at=_moment(row.get("Created")),
        **_compose(labels),
    )


def _inspected(row: Mapping[str, Any]) -> Container:
    config, state = row.get("Config") or {}, row.get("State") or {}
    status = str(state.get("Status", ""))
    health = str((state.get("Health") or {}).get("Status", "")) if status == "running" else ""
    return Container(
        id=sanitise(str(row["Id"])),
        name=sanitise(str(row.get("Name", "")).lstrip("/")),
        image_id=sanitise(str(row.get("Image", ""))),
        image_ref=sanitise(str(config.get("Image", ""))),
        state=sanitise(status),
        health=sanitise(health) if health != "none" else "",
        restarts=int(row.get("RestartCount") or 0),
        exit_code=int(state.get("ExitCode") or 0),
        started_at=_moment(state.get("StartedAt")),
        created_at=_moment(row.get("Created")),
        error=sanitise(str(state.get("Error") or "")),
        health_said=_health_said(state) if health == "unhealthy" else "",
        **_compose(_labels(config.get("Labels"))),
    )


def _health_said(state: Mapping[str, Any]) -> str:
    """The last words of the health check: what it printed, or how it ended."""
    newest = ((state.get("Health") or {}).get("Log") or [{}])[-1]
    said = next((line for line in reversed(str(newest.get("Output") or "").splitlines()) if line.strip()), "")
    return sanitise(said.strip() or f"its check ended with {newest.get('ExitCode')}", limit=200)


def _compose(labels: Mapping[str, str]) -> dict[str, Any]:
    number = labels.get(NUMBER, "")
    return {
        "project": labels.get(PROJECT, ""),
        "service": labels.get(SERVICE, ""),
        "number": int(number) if number.isascii() and number.isdigit() else 0,
        "one_off": labels.get(ONE_OFF, "").lower() == "true",
        "config_files": labels.get(CONFIG_FILES, ""),
    }


def _labels(labels: Mapping[str, Any] | None) -> dict[str, str]:
    return {sanitise(str(key)): sanitise(str(value)) for key, value in sorted((labels or {}).items())}


def _moment(told: object) -> str:
    """UTC stamp in whole seconds (lists have no more), or empty: the engine writes the year 1 for never."""
    if isinstance(told, int) and told > 0:
        return stamp(datetime.fromtimestamp(told, UTC))
    if isinstance(told, str) and told and not told.startswith("0001-"):
        try:
            return stamp(parse_stamp(told).replace(microsecond=0))
        except ValueError:
            return ""
    return ""


def _in_order(containers: Iterable[Container]) -> tuple[Container, ...]:
    return tuple(sorted(containers, key=lambda one: (one.service, one.one_off, one.number, one.name, one.id)))
