"""A maintenance notice that is really there: a script that writes and removes a flag, and looks whether it stands."""

from __future__ import annotations

from pathlib import Path

SCRIPT = """#!/bin/sh
# notice on|off|shown: the flag is what users would see
echo "$1" >> '{folder}/notice.calls'
case "$1" in
  on) if [ -e '{folder}/notice.broken' ]; then echo 'no such site' >&2; exit 3; fi
      touch '{folder}/notice.flag'
      while [ -e '{folder}/notice.hold' ]; do sleep 0.02; done ;;
  off) [ -e '{folder}/notice.stuck' ] || rm -f '{folder}/notice.flag' ;;
  shown) if [ -e '{folder}/notice.blind' ]; then exit 127; fi
         test -e '{folder}/notice.flag' ;;
esac
"""
TABLE = """
[maintenance]
on = ["{folder}/notice", "on"]
off = ["{folder}/notice", "off"]
"""
LOOKS = 'shown = ["{folder}/notice", "shown"]\n'


class NoticeBoard:
    """The notice of a system that lies in a folder."""

    def __init__(self, folder: Path, *, looks: bool = True) -> None:
        self.folder = folder
        script = folder / "notice"
        script.write_text(SCRIPT.format(folder=folder))
        script.chmod(0o755)
        self.toml = (TABLE + (LOOKS if looks else "")).format(folder=folder)

    @property
    def shown(self) -> bool:
        """Whether users see it."""
        return (self.folder / "notice.flag").exists()

    def calls(self, what: str) -> int:
        """How often the command was run so."""
        path = self.folder / "notice.calls"
        return path.read_text().splitlines().count(what) if path.exists() else 0

    def set(self, what: str, there: bool = True) -> None:
        """``broken``, ``stuck``, ``blind`` or ``hold``."""
        path = self.folder / f"notice.{what}"
        path.touch() if there else path.unlink(missing_ok=True)
