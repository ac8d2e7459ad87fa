"""How OpenSSH's client is called and what its words mean; what is run over it is left to ``ssh_host``.

The client never asks (BatchMode), trusts no unknown host key, and bounds every wait. All processes of one
user share a connection per host (ControlMaster) whose socket lies in a private folder; it ends by itself
two minutes after its last use.
"""

from __future__ import annotations

import hashlib
import os
import re
import select
import stat
from dataclasses import dataclass
from pathlib import Path

from actions.model.errors import BadInput, CommandFailed, GoaroundError, Refused, Unreachable
from actions.model.outside_text import sanitise

PROGRAM = "ssh"
PERSIST_S = 120
ALIVE_INTERVAL_S = 5
ALIVE_COUNT = 3
"""A dead link is noticed after about ALIVE_INTERVAL_S * ALIVE_COUNT seconds."""
LONGEST_SOCKET_PATH = 80
"""Bytes: a socket's path may have 107, and ssh appends 17 while it makes one."""

_URL = re.compile(
    r"ssh://(?:(?P<user>[A-Za-z0-9_][A-Za-z0-9._-]*)@)?"
    r"(?P<host>[A-Za-z0-9][A-Za-z0-9._-]*|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{1,5}))?"
)


@dataclass(frozen=True)
class Destination:
    """Where to connect to and with what; ``url`` is the name it is configured and shown by."""

    url: str
    user: str
    host: str
    port: str
    config: str = ""
    """Path for ``ssh -F``; empty: the user's own configuration."""
    identity: str = ""
    """Path of the only private key to offer; empty: as the configuration says."""
    connect_timeout_s: int = 10
    control: str = ""
    """Path of the shared connection's socket."""


def destination(url: str, *, config: str, identity: str, connect_timeout_s: int, runtime: Path | None) -> Destination:
    """The parts of ``ssh://user@host:port``; raises ``BadInput`` for anything that could be taken for an
    option."""
    match = _URL.fullmatch(url)
    port = (match["port"] or "") if match else ""
    if match is None or (port and not 1 <= int(port) <= 65535):
        raise BadInput("not a host", sanitise(url, limit=200), 'write "local" or "ssh://user@host:port"')
    runtime = runtime if runtime is not None else runtime_folder()
    key = hashlib.sha256("\0".join((url, config, identity)).encode("utf-8", "surrogateescape")).hexdigest()[:16]
    control = str(runtime / key)
    if len(os.fsencode(control)) > LONGEST_SOCKET_PATH or "%" in control:
        move = "set XDG_RUNTIME_DIR to a shorter folder of your own"
        raise BadInput("the folder for ssh's sockets has too long a path or a '%'", sanitise(str(runtime)), move)
    return Destination(
        url=url,
        user=match["user"] or "",
        host=match["host"].strip("[]"),
        port=port,
        config=config,
        identity=identity,
        connect_timeout_s=connect_timeout_s,
        control=control,
    )


def client_argv(to: Destination, command: str) -> tuple[str, ...]:
    """The client that runs ``command`` in the login shell over there, sharing or making the connection."""
    options = (
        "ControlMaster=auto",
        f"ControlPersist={PERSIST_S}",
        "StrictHostKeyChecking=yes",
        "UpdateHostKeys=no",
        "PasswordAuthentication=no",
        "ForwardAgent=no",
        "ForwardX11=no",
        "PermitLocalCommand=no",
        "RequestTTY=no",
        "RemoteCommand=none",
        "ClearAllForwardings=yes",
        "EscapeChar=none",
        "ConnectionAttempts=1",
        f"ServerAliveInterval={ALIVE_INTERVAL_S}",
        f"ServerAliveCountMax={ALIVE_COUNT}",
        "LogLevel=INFO",  # a quieter setting of the user would hide why a connection fails
        *(("IdentitiesOnly=yes",) if to.identity else ()),
    )
    flags = [word for option in options for word in ("-o", option)]
    if to.identity:
        flags += ["-i", to.identity]
    return (*_common(to), *flags, "-T", "--", to.host, command)


def control_argv(to: Destination, command: str, *flags: str) -> tuple[str, ...]:
    """The client that speaks to the shared connection: ``check``, ``forward``, ``cancel``, ``exit``."""
    return (*_common(to), "-o", "StreamLocalBindMask=0177", "-O", command, *flags, "--", to.host)


def _common(to: Destination) -> tuple[str, ...]:
    return (
        PROGRAM,
        *(("-F", to.config) if to.config else ()),
        "-S",
        to.control,
        "-o",
        "BatchMode=yes",
        "-o",
        f"ConnectTimeout={to.connect_timeout_s}",
        *(("-l", to.user) if to.user else ()),
        *(("-p", to.port) if to.port else ()),
    )


def was_answered(words: bytes) -> bool:
    """Whether the shared connection itself refused to forward; else there is none, or it went meanwhile."""
    return b"forwarding request" in words


def await_end(words: bytes, seconds: float) -> None:
    """Wait for the end of the shared connection that told these words of itself (``check``), so long at most."""
    told = re.search(rb"\(pid=(\d+)\)", words)
    if told is None:
        return  # there is none
    try:
        watch = os.pidfd_open(int(told[1]))
    except (AttributeError, OSError):  # off Linux or on an old kernel nobody tells; or it is gone already
        return
    try:
        ending = select.poll()
        ending.register(watch, select.POLLIN)
        ending.poll(seconds * 1000)
    finally:
        os.close(watch)


def runtime_folder() -> Path:
    """A folder for sockets that nobody else can enter: below ``XDG_RUNTIME_DIR``, else ``/tmp/goaround-UID``.

    Raises ``Refused`` when somebody else owns it or may enter it: a foreign socket could answer for the host.
    """
    given = os.environ.get("XDG_RUNTIME_DIR", "")
    inside = given.startswith("/") and Path(given).is_dir() and os.access(given, os.W_OK)
    folder = Path(given, "goaround") if inside else Path(f"/tmp/goaround-{os.getuid()}")
    if len(os.fsencode(folder)) > LONGEST_SOCKET_PATH - 30:
        folder = Path(f"/tmp/goaround-{os.getuid()}")
    return private_folder(folder)


def private_folder(folder: Path) -> Path:
    """Make the folder with mode 0700, or check that it is ours alone."""
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        status = folder.lstat()
    except OSError as error:
        move = "set XDG_RUNTIME_DIR to a folder of your own"
        raise Refused("the folder for ssh's sockets cannot be made", sanitise(str(error)), move) from error
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or stat.S_IMODE(status.st_mode) & 0o077:
        raise Refused(
            f"{sanitise(str(folder))} is not a private folder of yours",
            "ssh's sockets in it could be somebody else's",
            "remove it, or set XDG_RUNTIME_DIR to a folder with mode 0700 that you own",
        )
    return folder


# -------------------------------------------------------------------------------------- what the client tells

_NOTHING = "; nothing was run"
_MEANINGS: tuple[tuple[str, type[GoaroundError], str, str], ...] = (
    (
        r"REMOTE HOST IDENTIFICATION HAS CHANGED|Host key for .* has changed|REVOKED HOST KEY",
        Refused,
        "the host key of {host} has changed",
        "have the key's fingerprint compared on the machine itself first; then: ssh-keygen -R {key}",
    ),
    (
        r"No \S+ host key is known|Host key verification failed",
        Refused,
        "the host key of {host} is not known here",
        "compare the fingerprint with the machine's owner and connect once by hand: {by_hand}",
    ),
    (
        r"Permission denied|Too many authentication failures|No supported authentication methods",
        Unreachable,
        "{host} refuses our key",
        "check user, key and agent (ssh-add -l), then try by hand: {by_hand}",
    ),
    (
        r"Could not resolve hostname",
        Unreachable,
        "the name of {host} is not found",
        "correct the host in the configuration, or the name service",
    ),
    (
        r"Connection refused",
        Unreachable,
        "{host} refuses the connection",
        "check that sshd runs there, and the port",
    ),
    (
        r"[Tt]imed out|[Tt]imeout",
        Unreachable,
        "{host} does not answer",
        "check that the machine is up and no firewall is between, then try by hand: {by_hand}",
    ),
    (r"No route to host|Network is unreachable", Unreachable, "no way to {host}", "check network and VPN"),
    (
        r"[Bb]ad configuration option|Can't open user config file|Bad owner or permissions",
        BadInput,
        "ssh does not accept its configuration",
        "correct what the detail names in the ssh configuration",
    ),
    (
        r"Unable to negotiate",
        Unreachable,
        "{host} and our ssh have no algorithm in common",
        "update the older side, or allow the algorithm for this host in the ssh configuration",
    ),
    (
        r"kex_exchange_identification|Connection (closed|reset)|closed by remote host|Broken pipe",
        Unreachable,
        "{host} closed the connection",
        "look at sshd's log there, then try by hand: {by_hand}",
    ),
)


def not_connected(to: Destination, exit_status: int | None, words: bytes) -> GoaroundError:
    """The error for a client that ended before the far shell was ready; nothing can have run."""
    text = sanitise(words.decode("utf-8", "replace"), keep_newlines=True)
    by_hand = " ".join(
        ("ssh", *(("-F", to.config) if to.config else ()), *(("-p", to.port) if to.port else ()), _login(to))
    )
    known_as = f"[{to.host}]:{to.port}" if to.port and to.port != "22" else to.host
    for pattern, kind, title, move in _MEANINGS:
        match = re.search(pattern, text)
        if match:
            line = next((each for each in text.splitlines() if match[0] in each), text).strip()
            move = move.format(host=to.url, by_hand=by_hand, key=f"'{known_as}'") + _NOTHING
            return kind(title.format(host=to.url), _reason(text, line), move)
    last = text.strip().splitlines()[-1:] or [f"ssh ended with status {exit_status} and no word"]
    if exit_status == 255:
        return Unreachable(f"{to.url} cannot be reached", last[0][:300], f"try by hand: {by_hand}{_NOTHING}")
    return CommandFailed(
        f"the login shell of {to.url} did not answer as a shell",
        last[0][:300],
        f"the account needs a POSIX shell without a forced command; try by hand: {by_hand}{_NOTHING}",
        exit_status=exit_status,
    )


def silent(to: Destination, seconds: float) -> Unreachable:
    """The error for a host whose shell was not ready in time; nothing can have run."""
    move = f"check the machine and the line to it: ssh {_login(to)}{_NOTHING}"
    return Unreachable(f"{to.url} does not answer", f"no shell within {seconds:.0f} s", move)


def _login(to: Destination) -> str:
    return f"{to.user}@{to.host}" if to.user else to.host


def _reason(text: str, line: str) -> str:
    """ssh's line, and the fingerprint or offending entry where it names one."""
    extra = re.search(r"(SHA256:\S+)", text)
    where = re.search(r"Offending .*", text)
    parts = [line, *([f"now {extra[1].rstrip('.')}"] if extra and extra[1] not in line else [])]
    if where:
        parts.append(where[0])
    return "; ".join(parts)[:400]
