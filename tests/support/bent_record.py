"""A record that something is left of which was bent: a branch on the remote, a notice that is still shown."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from notice import NoticeBoard
from tiny_system import Tiny, build, drawn, run

from actions.model.clock import ManualClock
from app.session import Session

_open: list[Session] = []


@contextmanager
def sessions_ended() -> Iterator[None]:
    """What ``session_of`` opens in the block ends with it."""
    try:
        yield
    finally:
        while _open:
            one = _open.pop()
            one.close()
            one.journal.close()


@contextmanager
def with_notice(folder: Path) -> Iterator[Tiny]:
    """The tiny system with a maintenance notice; its sessions end with the block."""
    one = build(folder / "tiny")
    one.add_to_config(NoticeBoard(one.folder).toml)
    with sessions_ended():
        yield one


def session_of(tiny: Tiny, who: str = "ops1", clock: ManualClock | None = None) -> Session:
    """A session that ``sessions_ended`` ends."""
    _open.append(tiny.session(who, clock))
    return _open[-1]


def bent(tiny: Tiny) -> Session:
    """Back and proven; a branch is left on the remote, and the notice is still shown."""
    session = session_of(tiny)
    assert session.take_lease()
    drawn(session, tiny)
    for code in ("N1", "B1", "B2", "X1", "X2", "X3"):
        assert run(session, code) == "done", session.incident.runs[-1].summary
    return session
