"""A real custom dump: a PostgreSQL server of its own for a moment, a table, `pg_dump`."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

from services import find_initdb


def make_dump(target: Path) -> Path:
    """Write a custom dump of a table of random text; the server is gone afterwards."""
    initdb = find_initdb()
    assert initdb is not None  # the marker has looked
    programs = initdb.parent
    folder = Path(tempfile.mkdtemp(prefix="ga-pg-"))
    user = "nobody" if os.geteuid() == 0 else None  # the server refuses to be run by root
    if user:
        os.chown(folder, pwd.getpwnam(user).pw_uid, -1)

    def run(*argv: str, text: str = "") -> bytes:
        done = subprocess.run(argv, input=text.encode(), capture_output=True, user=user, cwd=folder, timeout=110)
        assert done.returncode == 0, (argv, done.stdout, done.stderr)
        return done.stdout

    data = str(folder / "data")
    reach = ("-h", str(folder), "-U", "ops", "postgres")
    try:
        run(str(initdb), "-D", data, "-U", "ops", "-A", "trust", "--no-sync", "--no-locale", "-E", "UTF8")
        options = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c fsync=off"
        run(str(programs / "pg_ctl"), "-D", data, "-w", "-l", str(folder / "log"), "-o", options, "start")
        try:
            table = "create table t as select md5(i::text) as text from generate_series(1, 20000) as i"
            run(str(programs / "psql"), "-q", *reach, text=table)
            target.write_bytes(run(str(programs / "pg_dump"), "-Fc", *reach))
        finally:
            run(str(programs / "pg_ctl"), "-D", data, "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return target
