"""Side by side: each way back is read once, what hangs holds itself alone; a probe that cannot be asked, too."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from compose_fakes import FOLDER, container, fakes, image, project, service
from fake_coolify import FakeCoolify
from fake_coolify_quirks import Fault
from patient_deadlines import joins_begin

from actions.gateways.coolify import HttpCoolify
from actions.model.errors import BadInput
from actions.model.ports import ProbeReading
from actions.model.release import Release
from actions.model.release_history import History
from actions.model.release_rows import Listing
from actions.model.system import ComposeTable, ProbeTable, Settings, SystemTable
from actions.model.system_watch import ReadyTable
from actions.steps.ready_ground import probes_part
from app import bounded
from app.ready_checks import Checks
from app.ready_together import Together
from app.side_by_side import side_by_side


def test_each_hears_of_the_others() -> None:
    """One that comes later is waited for, one that failed is named, one that hangs is given up in time."""
    one = Together(("compose", "git", "coolify"), 20)
    one.told("compose", (Release("v1"),))
    one.failed("coolify", "refused")
    late = threading.Timer(0.05, lambda: one.told("git", (Release("v2"),)))
    late.start()
    own, *others = one.listings("compose")
    assert (own.source, [each.source for each in others]) == ("compose", ["git", "coolify"])
    assert (others[0].releases[0].name, others[1].error) == ("v2", "refused")
    one.failed("compose", "later")
    assert one.listings("compose")[0].releases == (Release("v1"),)
    begun = time.monotonic()
    hangs = Together(("compose", "git"), 0.1)
    hangs.told("compose", ())
    assert hangs.listings("compose")[1] == Listing("git", error="no answer in time")
    assert time.monotonic() - begun < 60


@pytest.fixture
def coolify() -> Iterator[FakeCoolify]:
    with FakeCoolify() as one:
        yield one
        one.release.set()


def test_one_way_back_that_hangs_holds_no_other(coolify: FakeCoolify, monkeypatch: pytest.MonkeyPatch) -> None:
    """Coolify does not answer; the images of Compose are told of all the same, with a history without Coolify."""
    app = coolify.add_app()
    coolify.has_deployed(app, "a" * 40, "x", days=1)
    table = coolify.table(app, containers=False, answer=100)
    of = project(service("web", "obcms:2"))
    one = fakes(of, [image("two", "obcms:2"), image("one", "obcms:1")], [container("web", "two")])
    settings = Settings(
        SystemTable("obcms", "production", option="compose"),
        compose=ComposeTable(directory=FOLDER, files=("docker-compose.yml",), services=("web",)),
        coolify=table,
        ready=ReadyTable(answer=4, rights=False),
    )
    world = replace(one.world, coolify=HttpCoolify(table, coolify.resolve, str, pause=lambda _: None))
    heard: dict[str, tuple[Listing, ...]] = {}

    def join(option: str, listings: tuple[Listing, ...]) -> History | None:
        heard[option] = listings
        return None

    coolify.fail(Fault.SLOW, "GET", times=99)
    # Two seconds of its four are those that it waits for Coolify: on a busy machine the others may be short.
    joins_begin(monkeypatch, bounded, lambda: heard)
    report = Checks(settings, world, "ops", join=join).run()
    assert report.checks["targets compose"] == "ok"
    assert report.checks["targets coolify"] == "timed out"
    assert [one.name for one in report.targets if one.proposed] == ["1"]
    assert heard["compose"][1] == Listing("coolify", error="no answer in time")


class Prober:
    """Two that wait for each other, and one that cannot be asked."""

    def __init__(self) -> None:
        self._both = threading.Barrier(2, timeout=60)

    def read(self, probe: object) -> ProbeReading:
        name = probe.name  # type: ignore[attr-defined]
        if name == "secret":
            raise BadInput("the environment variable TOKEN is not set", "", "export TOKEN")
        self._both.wait()
        return ProbeReading(name, ok=True, status=200, ms=1, detail="200")


def test_probes_are_asked_side_by_side() -> None:
    """As long as the slowest, and a variable that is not set is told of its own probe."""
    probes = tuple(ProbeTable(name, "http://127.0.0.1:1/") for name in ("one", "secret", "two"))
    settings = Settings(SystemTable("obcms", "production"), probe=probes)
    world = replace(fakes(project(), [], []).world, prober=Prober())
    part = probes_part(settings, world, side_by_side)
    assert part.facts == {"probe one": "passes", "probe two": "passes"}
    assert [(one.code, one.about, one.next_move) for one in part.findings] == [
        ("check-failed", "secret", "export TOKEN")
    ]
