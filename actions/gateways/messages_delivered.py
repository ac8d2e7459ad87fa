"""What comes back from a channel, and the deadline that holds whatever the other side does."""

from __future__ import annotations

import os
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Delivered:
    """How it ended. With ``ok`` the channel has taken it for everybody but ``refused``."""

    ok: bool
    detail: str
    refused: dict[str, str] = field(default_factory=dict)
    """Address -> why the channel did not take it for this one."""


@dataclass
class Line:
    """An attempt in its own thread: how far it has come, and the sockets that end its waits when shut down."""

    stage: str = "connecting"
    handed_over: bool = False
    """From here on it may have gone out, whatever becomes of the answer."""
    plugs: list[socket.socket] = field(default_factory=list)
    late: bool = False
    done: Delivered | None = None
    bug: BaseException | None = None

    def plug(self, connection: socket.socket) -> None:
        """Keep a second handle of a connection."""
        handle = socket.socket(fileno=os.dup(connection.fileno()))
        self.plugs.append(handle)
        if self.late:
            _shut(handle)


def within(deadline_s: float, work: Callable[[Line], Delivered]) -> Delivered:
    """Run ``work`` in a thread of its own; at the deadline its connections are cut and the answer says how far it was.

    Time-outs of libraries hold for one wait each: a server that drips bytes, or a name that is never resolved, would
    hold them for ever.
    """
    line = Line()

    def run() -> None:
        try:
            line.done = work(line)
        except BaseException as error:  # noqa: BLE001  # carried to the asking thread, which raises it
            line.bug = error
        finally:
            for plug in line.plugs:
                with suppress(OSError):
                    plug.close()

    thread = threading.Thread(target=run, name="message", daemon=True)
    thread.start()
    thread.join(deadline_s)
    if thread.is_alive():
        line.late = True
        for plug in list(line.plugs):
            _shut(plug)
        return Delivered(False, f"no answer within {deadline_s:g} s, {line.stage}; {went_out(line)}")
    if line.bug is not None:
        raise line.bug
    assert line.done is not None  # the thread has ended without an exception
    return line.done


def went_out(line: Line) -> str:
    """Whether it may be on its way all the same."""
    return "it may have gone out all the same" if line.handed_over else "nothing was sent"


def _shut(plug: socket.socket) -> None:
    with suppress(OSError):
        plug.shutdown(socket.SHUT_RDWR)


def tls_context(ca_file: str) -> ssl.SSLContext:
    """TLS as it should be: names and authorities are checked. OSError: the file cannot be used."""
    if ca_file:
        return ssl.create_default_context(cafile=ca_file)
    context = ssl.create_default_context()
    import certifi  # the machine's own authorities stand first; small images have none

    context.load_verify_locations(certifi.where())
    return context
