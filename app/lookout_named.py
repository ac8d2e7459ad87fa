"""Runs the configured checks and tries the configured logins, each no more often than it says.

A check is a command on the system's host that only looks; its argv goes through the host port, never through a shell.
"""

from __future__ import annotations

from actions.model.ports import World
from actions.model.sensor_rules import Looked
from actions.model.sensor_rules_checks import Checked, check_looked
from actions.model.system import seconds_of
from actions.model.system_watch import CheckTable, LoginTable
from app.session import Session

OUTPUT_BYTES = 4096
"""A check says what it has to say in so many bytes."""


class NamedLook:
    """``check.NAME``, and ``probe.NAME`` of a login, of one session."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._tables: dict[str, CheckTable | LoginTable] = {
            **{f"check.{one.name}": one for one in session.settings.check},
            **{f"probe.{one.name}": one for one in session.settings.login},
        }
        self._tried: dict[str, int] = {}
        """Sensor -> when it was looked at last, monotonic milliseconds."""

    @property
    def sensors(self) -> tuple[str, ...]:
        """All of them."""
        return tuple(self._tables)

    def look(self, sensor: str) -> Looked | None:
        """One look where it is time for one. Raises GoaroundError where the host cannot be reached."""
        table, now_ms = self._tables[sensor], self.session.clock.monotonic_ms()
        last = self._tried.get(sensor)
        if last is not None and now_ms - last < seconds_of("every", table.every) * 1000:
            return None
        self._tried[sensor] = now_ms
        world = self.session.world()
        return run_check(world, table) if isinstance(table, CheckTable) else try_login(world, table)


def run_check(world: World, table: CheckTable) -> Looked:
    """Run it once on the system's host. Raises GoaroundError where it cannot be run at all."""
    done = world.host.run(table.command, timeout_s=table.answer)
    complaints = [line for line in _lines(world, done.stderr[-OUTPUT_BYTES:]) if line.strip()]
    found = Checked(
        done.exit_status,
        "\n".join(_lines(world, done.stdout[:OUTPUT_BYTES])),
        complaints[-1].strip() if complaints else "",
        done.seconds_ms,
        done.timed_out,
    )
    return check_looked(table, found)


def _lines(world: World, output: bytes) -> list[str]:
    return [world.redact(line) for line in output.decode("utf-8", "replace").splitlines()]


def try_login(world: World, table: LoginTable) -> Looked:
    """Log in once. Raises GoaroundError for a variable that is not set."""
    assert world.logins is not None  # the world of a system has it
    answer = world.logins().read(table)
    return Looked(answer.ok, "logs in" if answer.ok else answer.detail, "logs in", answer.ms)
