"""A Coolify server for the tests: real HTTP on 127.0.0.1, with state, versions, build packs, every oddity on a switch.

    with FakeCoolify("4.3.11") as coolify:
        shop = coolify.add_app("nixpacks")
        coolify.has_deployed(shop, GOOD)
        coolify.has_deployed(shop, BAD)          # … runs now
        gateway = HttpCoolify(coolify.table(shop), coolify.resolve, str)
        …
        assert coolify.runs(shop) == GOOD
        assert len(coolify.asked("POST")) == 1

Every request is judged by Coolify's OpenAPI file (``fake_coolify_contract``) and kept in ``requests``; the block ends
with an AssertionError when one of them is not as the file has it, whatever the test looked at. Deployments move when
they are looked at, when the test says ``step()``, or by the clock (``Drive``).
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable
from datetime import timedelta
from enum import Enum
from fnmatch import fnmatchcase
from typing import Any

from fake_coolify_applications import Applications
from fake_coolify_core import Core
from fake_coolify_deployments import Deployments
from fake_coolify_ground import Ground
from fake_coolify_http import SITES, Asked, Listener, Wire
from fake_coolify_others import Others
from fake_coolify_queue import Taken, Wanted
from fake_coolify_quirks import Fault, Faults, PlannedFault, Quirks
from fake_coolify_routes import Gate, Reply, Request
from fake_coolify_runtime import MemoryRuntime, RunContainer, Runtime
from fake_coolify_site import answer_of_site
from fake_coolify_state import (
    App,
    DeploymentRow,
    FakeClock,
    State,
)

from actions.model.system_coolify import CoolifyTable

OBSERVE, ACT = "COOLIFY_OBSERVE", "COOLIFY_ACT"
"""Names of the variables that the two tokens stand in."""
MOST_STEPS = 1000


class Drive(Enum):
    """By what deployments move on."""

    BY_HAND = "by hand"
    """``step()``, ``run()``, ``until()``."""
    BY_POLLS = "by polls"
    """A phase after every GET of a deployment, of deployments, or of a backup's executions: no test waits."""
    BY_CLOCK = "by clock"
    """A phase every ``pace_s`` seconds of real time."""


class FakeCoolify(Ground):
    """One server. The observing token has ``read`` and ``read:sensitive``, the acting one ``deploy`` and ``write``."""

    def __init__(
        self,
        version: str = "4.3.11",
        *,
        drive: Drive = Drive.BY_POLLS,
        pace_s: float = 0.05,
        runtime: Callable[[FakeClock], Runtime] = MemoryRuntime,
        quirks: Quirks | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.clock = FakeClock()
        self.quirks = quirks or Quirks()
        self.faults = Faults()
        super().__init__(Core(State(self.clock), self.quirks, runtime(self.clock), version))
        routes = [*Deployments(self.core).routes(), *Applications(self.core).routes(), *Others(self.core).routes()]
        self.gate = Gate(self.state, self.quirks, self.core.version, routes)
        self.drive = drive
        self.judges = True
        """False: a test that sends what is wrong, or has odd answers made, looks at them itself."""
        self._wire = Wire(self._answer, self.clock.now, self._name_of, self._site, self.faults)
        self._listener = Listener(self._wire, tls)
        self._pace_s = pace_s
        self._ticking = threading.Thread(target=self._tick, daemon=True)
        self.url = self._listener.url
        self.release = self._wire.release
        """Set: answers that are SLOW come now."""
        self.observer = self.token("observer", "read", "read:sensitive")
        self.actor = self.token("actor", "deploy", "write")

    def __enter__(self) -> FakeCoolify:
        self._listener.start()
        if self.drive is Drive.BY_CLOCK:
            self._ticking.start()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._listener.close()
        if self._ticking.is_alive():
            self._ticking.join(60)  # it may be at work with the engine
        self.core.runtime.close()
        if kind is None and self.judges:
            self.assert_all_valid()

    # ---- what happens to it

    def has_deployed(self, app: App, code: str, message: str = "", **ago: float) -> DeploymentRow:
        """That commit (tag, where an image is pulled) came and was deployed, as long ago as ``hours=5`` says.

        It is deployed by the same job as every other; with quirks on, it may not run afterwards.
        """
        with self._wire.lock:
            then = self.clock.ahead
            self.clock.ahead -= timedelta(**ago)
            if app.build_pack == "dockerimage":
                app.registry[code] = code
                app.image_tag = code
            app.head = code
            app.messages.setdefault(code, message)
            taken = self.core.queue.take(app, Wanted(is_api=False))
            self._run()
            self.clock.ahead = then
            row = self.state.deployment(taken.uuid)
            assert row is not None, taken
            return row

    def push(self, app: App, code: str, message: str = "") -> Taken | None:
        """A push: the branch moves, and with auto-deploy on Coolify's webhook deploys it. None: it is off."""
        with self._wire.lock:
            app.head = code
            app.messages.setdefault(code, message)
            if app.settings.get("is_auto_deploy_enabled", True) is False:
                return None
            return self.core.queue.take(app, Wanted(commit=code, is_webhook=True, is_api=False))

    def remove_image(self, app: App, tag: str) -> None:
        """As a clean-up would."""
        for image in self.core.runtime.images(app):
            if image.tag == tag:
                self.core.runtime.remove_image(app, image.repository, tag)

    def fail(
        self,
        fault: Fault,
        method: str = "*",
        path: str = "*",
        *,
        times: int = 1,
        status: int = 502,
        wait: int | None = 1,
    ) -> None:
        """Plan a fault for the next requests that fit; ``path`` is below /api/v1 and may hold ``*``."""
        self.faults.plan(PlannedFault(fault, method, path, times, status, wait))

    # ---- how it moves

    def step(self, times: int = 1) -> bool:
        """One phase of everything that is at work. False: nothing moves."""
        with self._wire.lock:
            return [self.core.step() for _ in range(times)][-1]

    def run(self) -> None:
        """Until nothing moves any more; what is stuck stays stuck."""
        with self._wire.lock:
            self._run()

    def until(self, row: DeploymentRow, status: str) -> None:
        """Until a deployment has this status. Raises AssertionError when it never comes to it."""
        for _ in range(MOST_STEPS):
            if row.status == status:
                return
            if not self.step():
                break
        assert row.status == status, f"{row.status}, never {status}"

    def _run(self) -> None:
        for _ in range(MOST_STEPS):
            if not self.core.step():
                return
        raise AssertionError("it never ends")

    # ---- what a test looks at

    @property
    def requests(self) -> list[Asked]:
        """Every request, oldest first."""
        return list(self._wire.requests)

    def asked(self, method: str = "*", path: str = "*") -> list[Asked]:
        """Those that fit; ``path`` is below /api/v1 and may hold ``*``."""
        fits = [one for one in self.requests if method in ("*", one.method)]
        return [one for one in fits if fnmatchcase(one.path, path)]

    @property
    def invalid(self) -> list[str]:
        """Requests that the OpenAPI file has something against, and no listed quirk excuses."""
        return [f"{one.number} {one.method} {one.path}: {fault}" for one in self.requests for fault in one.invalid]

    def assert_all_valid(self) -> None:
        """Every request and every answer is as the file has it, and the fake itself did not fail."""
        assert not self._wire.crashes, self._wire.crashes[0]
        assert not self.invalid, "\n".join(self.invalid)
        assert not self._wire.wrong_answers, "\n".join(self._wire.wrong_answers)

    def deployments(self, app: App) -> list[DeploymentRow]:
        """Newest first."""
        with self._wire.lock:
            return self.state.of_app(app)

    def running(self, app: App) -> list[RunContainer]:
        """Its containers that run, oldest first."""
        with self._wire.lock:
            return self.core.runtime.containers(app)

    def runs(self, app: App) -> str:
        """The code that runs; two words when two are running, empty when none is."""
        return " ".join(sorted({container.code for container in self.running(app)}))

    def site(self, app: App, path: str = "/health") -> str:
        """Address of the application itself: JSON with the running commit; 503 unhealthy, 502 when nothing runs."""
        return f"{self.url}{SITES}{app.uuid}{path}"

    # ---- how the product is told of it

    def table(self, app: App, **more: Any) -> CoolifyTable:
        """``[coolify]`` of ``goaround.toml`` for this application."""
        tokens = {"token": f"${{env:{OBSERVE}}}", "act_token": f"${{env:{ACT}}}"}
        return CoolifyTable(url=self.url, application=app.uuid, **{**tokens, **more})

    @property
    def environment(self) -> dict[str, str]:
        """The variables that the two tokens stand in."""
        return {OBSERVE: self.observer.secret, ACT: self.actor.secret}

    def resolve(self, value: str) -> str:
        """``${env:NAME}`` -> its secret."""
        return self.environment[value.removeprefix("${env:").removesuffix("}")]

    # ---- behind it

    def _answer(self, request: Request) -> Reply:
        reply = self.gate.answer(request)
        looks = request.path.startswith("/deployments") or request.path.endswith("/executions")
        if self.drive is Drive.BY_POLLS and request.method == "GET" and looks and reply.status == 200:
            self.core.step()  # after the answer was made: whoever queued it sees it at work first
        return reply

    def _site(self, method: str, path: str) -> Reply:
        uuid, _, rest = path.partition("/")
        app = self.state.apps.get(uuid)
        return answer_of_site(method, f"/{rest}", [] if app is None else self.running(app))

    def _name_of(self, header: str) -> str:
        token = self.state.tokens.get(header.partition(" ")[2].strip())
        return token.name if token else ""

    def _tick(self) -> None:
        while not self._wire.stopping.wait(self._pace_s):
            self.step()
