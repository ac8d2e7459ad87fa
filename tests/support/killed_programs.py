"""Programs of PostgreSQL that end, or end others, at a named statement: a folder for the `bin` of `[database]`.

Each of them is the real program until a rule is laid down; the rule holds once. psql is killed between two statements
by a line put before the named one (`\\!` runs while psql waits); pg_restore after so many items of its archive, each of
them whole; pg_dump after so many bytes. Nothing here waits for a time. Whom to kill is told by the rule: the program,
the worker that started it (`GA_WORKER`), the session's server process, or the whole server.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

LOCK = 4711
"""Of the advisory lock that a `hold` waits for."""
PROGRAMS = ("psql", "pg_restore", "pg_dump")
_SCRIPT = """\
#!/bin/sh
[ -e {rule} ] && exec {python} -I {this} {real} {rule} "$@"
exec {real} "$@"
"""
LINES = {
    "psql": "\\! kill -9 $PPID\n",
    "worker": "\\! kill -9 $GA_WORKER\n",
    "both": "\\! kill -9 $GA_WORKER $PPID\n",
    "backend": "SELECT pg_terminate_backend(pg_backend_pid());\n",
    "server": "\\! kill -QUIT {postmaster}; while kill -0 {postmaster} 2> /dev/null; do sleep 0.005; done\n",
    "hold": f"PERFORM pg_advisory_lock({LOCK}); PERFORM pg_advisory_unlock({LOCK});\n",
    "sleep": "SELECT pg_sleep(3600);\n",
}
"""How it ends -> what psql reads there. `hold` stands inside of a block."""


class KillingPrograms:
    """A folder with the programs, and the rule for one of them."""

    def __init__(self, folder: Path, real: Path, data: Path) -> None:
        """`real`: where the programs lie; `data`: the server's data folder, for the number of its first process."""
        folder.mkdir(parents=True)
        self.folder, self._data = folder, data
        for name in PROGRAMS:
            script = folder / name
            words = {"rule": self._rule(name), "python": sys.executable, "this": __file__, "real": real / name}
            script.write_text(_SCRIPT.format(**{key: shlex.quote(str(word)) for key, word in words.items()}))
            script.chmod(0o755)

    def _rule(self, name: str) -> Path:
        return self.folder / f"{name}.rule"

    def at(self, how: str, program: str = "psql", before: str = "", after: int = 0, given: str = "") -> None:
        """Once: end `how` (a key of `LINES`) before this text of psql's input (empty: at its end, where it is `given`
        this text), or after so many items of pg_restore's archive, or bytes of pg_dump's output.
        """
        postmaster = (self._data / "postmaster.pid").read_text().splitlines()[0] if how == "server" else ""
        line = LINES[how].replace("{postmaster}", postmaster)
        rule = {"before": before, "after": after, "given": given, "line": line, "how": how, "postmaster": postmaster}
        self._rule(program).write_text(json.dumps(rule))

    def waiting(self) -> list[str]:
        """Rules that were laid down and not met."""
        return [path.name for path in self.folder.glob("*.rule")]

    def clear(self) -> None:
        """No rule is left."""
        for path in self.folder.glob("*.rule"):
            path.unlink()


def _psql(real: str, rule_path: str, argv: list[str], rule: dict[str, str]) -> None:
    """Passes its input on as it comes: it may be one of several that somebody talks with."""
    with subprocess.Popen([real, *argv], stdin=subprocess.PIPE) as child:
        threading.Thread(target=_pass_on, args=(child, rule_path, rule), daemon=True).start()
        status = child.wait()
        if status < 0:
            os.kill(os.getpid(), -status)
        os._exit(status)


def _pass_on(child: subprocess.Popen[bytes], rule_path: str, rule: dict[str, str]) -> None:
    before, given, line = rule["before"].encode(), rule["given"].encode(), rule["line"].encode()
    assert child.stdin is not None
    met = False
    with suppress(BrokenPipeError):  # it has ended: its status tells
        while chunk := os.read(0, 1 << 20):
            at = chunk.find(before)
            if not met and at >= 0 and given in chunk and _ours(rule_path):
                met = True
                chunk = chunk[:at] + line + chunk[at:] if before else chunk
            child.stdin.write(chunk)
            child.stdin.flush()
        if met and not before:
            child.stdin.write(line)
        child.stdin.close()


def _ours(rule_path: str) -> bool:
    """Whether this process is the one that the rule holds for: the first."""
    try:
        os.rename(rule_path, f"{rule_path}.met")
    except FileNotFoundError:
        return False
    return True


def _pg_restore(real: str, rule_path: str, argv: list[str], rule: dict[str, str]) -> None:
    if "--list" in argv:
        os.execv(real, [real, *argv])
    os.unlink(rule_path)
    listed = subprocess.run([real, "--list", argv[-1]], capture_output=True, text=True, check=True).stdout
    items = [line for line in listed.splitlines() if line and not line.startswith(";")]
    assert len(items) > int(rule["after"])
    with tempfile.NamedTemporaryFile("w") as file:
        file.write("\n".join(items[: int(rule["after"])]) + "\n")
        file.flush()
        subprocess.run([real, "--use-list", file.name, *argv], check=True)
    if rule["how"] == "server":
        _end_server(int(rule["postmaster"]))
        os.execv(real, [real, *argv])
    if rule["how"] == "worker":
        os.kill(int(os.environ["GA_WORKER"]), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)


def _pg_dump(real: str, rule_path: str, argv: list[str], rule: dict[str, str]) -> None:
    os.unlink(rule_path)
    # A small pipe: whatever time the end of another takes, pg_dump cannot have come to its own.
    with subprocess.Popen([real, *argv], stdout=subprocess.PIPE, pipesize=4096) as child:
        assert child.stdout is not None
        sys.stdout.buffer.write(child.stdout.read(int(rule["after"])))
        sys.stdout.buffer.flush()
        if rule["how"] == "server":
            _end_server(int(rule["postmaster"]))
            sys.stdout.buffer.write(child.stdout.read())
            sys.stdout.buffer.flush()
            os._exit(child.wait())
        child.kill()
    if rule["how"] == "worker":
        os.kill(int(os.environ["GA_WORKER"]), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)


def _end_server(postmaster: int) -> None:
    os.kill(postmaster, signal.SIGQUIT)
    while Path(f"/proc/{postmaster}").exists():
        time.sleep(0.005)


if __name__ == "__main__":
    program, rule_file, *words = sys.argv[1:]
    does = {"psql": _psql, "pg_restore": _pg_restore, "pg_dump": _pg_dump}[Path(program).name]
    does(program, rule_file, words, json.loads(Path(rule_file).read_text()))
