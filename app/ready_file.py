"""The small file in which the newest answer to "would a rollback work right now" lies, for whoever asks next.

Written by ``goaround ready`` and by the cockpit, read by the bar, by ``status`` and by the page. Nothing secret is in
it: its texts were redacted. It is an answer of some time ago, and says of when, and who looked.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from contextlib import suppress
from pathlib import Path

from actions.gateways.store_folder import share_or_hide
from actions.model.ready import ReadyReport, report_of

LIMIT = 1_000_000


def ready_file(folder: Path, system: str) -> Path:
    """Beside the record of the system."""
    return folder / "ready" / f"{re.sub(r'[^A-Za-z0-9._-]+', '_', system)}.json"


def write_report(folder: Path, report: ReadyReport) -> None:
    """Replace it whole. Raises OSError where it cannot be written."""
    replace_whole(folder, ready_file(folder, report.system), json.dumps(report.to_json(), indent=1))


def replace_whole(folder: Path, path: Path, text: str) -> None:
    """A small file beside the answers of this store, for whoever shares it. Raises OSError, and leaves nothing half."""
    # One by one: the mode is that of the last folder only, others are made as the umask says.
    for one in (folder, path.parent):
        one.mkdir(parents=True, exist_ok=True, mode=0o700)
    share_or_hide(path.parent, folder)  # what cron found is read by everybody who shares the store
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        share_or_hide(Path(name), folder)
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def read_report(folder: Path, system: str) -> ReadyReport | None:
    """The newest; None: nobody has looked yet, or what lies there cannot be understood."""
    path = ready_file(folder, system)
    try:
        with path.open(encoding="utf-8") as file:
            found = report_of(json.loads(file.read(LIMIT)))
    except (OSError, ValueError, RecursionError):
        return None
    return found if found.system == system else None
