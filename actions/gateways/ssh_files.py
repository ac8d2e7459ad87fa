"""The shell scripts that read, replace and remove files on the far side, and what their exit statuses mean.

They keep the same promises as ``local_files`` with what every server has: a POSIX shell, coreutils or
busybox. Running them is left to ``ssh_host``.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable

from actions.gateways import host_rules as rules
from actions.gateways.local_files import TEMPORARY_PREFIX
from actions.model.errors import CommandFailed, GoaroundError

_NONE, _KIND, _LONG, _DANGLING, _APPEARED, _VANISHED, _CHANGED, _OWNER, _TOOLS, _CUT = range(40, 50)

# absent: the name is not there. A folder that may not be entered hides its files; that is a failure, not an
# absence.
_COMMON = f"""
say() {{ echo "$1" >&2; exit 1; }}
absent() {{
  [ -e "$1" ] || [ -L "$1" ] && return 1
  d=$1
  while :; do d=${{d%/*}}; [ -e "${{d:-/}}" ] && break; done
  [ -d "${{d:-/}}" ] || say "${{d:-/}} is not a folder"
  [ -x "${{d:-/}}" ] || say "permission denied: ${{d:-/}}"
}}
sum() {{
  if command -v sha256sum >/dev/null 2>&1; then x=$(sha256sum <"$1") || exit 1
  elif command -v shasum >/dev/null 2>&1; then x=$(shasum -a 256 <"$1") || exit 1
  else exit {_TOOLS}; fi
  x=${{x%% *}}
}}
keep() {{ sync -- "$1" 2>/dev/null || sync; }}
"""

_READ = (
    _COMMON
    + f"""
p=$1
if [ -L "$p" ] && [ ! -e "$p" ]; then exit {_NONE}; fi
if absent "$p"; then exit {_NONE}; fi
[ -f "$p" ] || exit {_KIND}
[ -r "$p" ] || say "permission denied"
size=$(wc -c <"$p") || exit 1
[ "$size" -le "$2" ] || exit {_LONG}
head -c "$(($2 + 1))" <"$p"
"""
)

# The order matters: content first into a file nobody else can read, then owner and mode of what it
# replaces, then to disk, then once more the look at what is there, as late as can be.
_WRITE = (
    _COMMON
    + f"""
umask 077
p=$1 mode=$2 before=$3 name=$4 want=$5
nl=$(printf '\\nx'); nl=${{nl%x}}
t=$p
if [ -L "$p" ]; then
  [ -e "$p" ] || exit {_DANGLING}
  t=$(readlink -f -- "$p" && echo x) || say "readlink failed"
  t=${{t%"$nl"x}}
fi
look() {{
  if absent "$t"; then [ -z "$before" ] || exit {_VANISHED}; return 0; fi
  [ -f "$t" ] || exit {_KIND}
  [ -n "$before" ] || exit {_APPEARED}
  sum "$t"; [ "$x" = "$before" ] || exit {_CHANGED}
}}
look
d=${{t%/*}}; d=${{d:-/}}
[ -d "$d" ] || say "no folder $d"
tmp=${{d%/}}/$name
trap 'rm -f -- "$tmp"' EXIT
trap 'exit 143' HUP INT TERM
(set -C; : >"$tmp") || exit 1
cat >"$tmp" || exit 1
sum "$tmp"; [ "$x" = "$want" ] || exit {_CUT}
if [ -n "$before" ]; then
  cp --attributes-only --preserve=mode,ownership,xattr -- "$t" "$tmp" 2>/dev/null || {{
    chown -- "$(stat -c %u:%g -- "$t")" "$tmp" 2>/dev/null
    chmod -- "$(stat -c %a -- "$t")" "$tmp"
  }}
  [ "$(stat -c %u:%g:%a -- "$t")" = "$(stat -c %u:%g:%a -- "$tmp")" ] || exit {_OWNER}
else
  chmod "$mode" "$tmp" || exit 1
fi
keep "$tmp" || exit 1
look
if [ -n "$before" ]; then mv -f -T -- "$tmp" "$t" || exit 1
elif ! ln -T -- "$tmp" "$t" 2>/dev/null; then
  absent "$t" || exit {_APPEARED}
  mv -T -- "$tmp" "$t" || exit 1
fi
rm -f -- "$tmp"
keep "$d"
exit 0
"""
)

_REMOVE = (
    _COMMON
    + f"""
p=$1
[ ! -L "$p" ] || exit {_CHANGED}
if absent "$p"; then exit 0; fi
[ -f "$p" ] || exit {_KIND}
sum "$p"; [ "$x" = "$2" ] || exit {_CHANGED}
rm -f -- "$p" || exit 1
d=${{p%/*}}; keep "${{d:-/}}"
exit 0
"""
)

ABSENT_STATUS = _NONE
"""Status of the reading command when there is no such file."""


def read_argv(path: str, limit_bytes: int) -> tuple[str, ...]:
    """Prints the file; ``ABSENT_STATUS`` when there is none."""
    return ("sh", "-c", _READ, "goaround", path, str(limit_bytes))


def write_argv(path: str, mode: int, before: str, sha256: str) -> tuple[str, ...]:
    """Replaces the file by its stdin, whose hash must be ``sha256``: a cut connection must not shorten a
    file."""
    name = TEMPORARY_PREFIX + secrets.token_hex(8)
    return ("sh", "-c", _WRITE, "goaround", path, f"{mode:o}", before, name, sha256)


def remove_argv(path: str, before: str) -> tuple[str, ...]:
    """Removes the file if its hash is ``before``."""
    return ("sh", "-c", _REMOVE, "goaround", path, before)


_REFUSALS: dict[int, Callable[[str, str], GoaroundError]] = {
    _KIND: rules.not_a_file,
    _DANGLING: rules.dangling,
    _APPEARED: rules.appeared,
    _VANISHED: rules.vanished,
    _CHANGED: rules.changed,
    _OWNER: rules.owner_would_change,
}


def failure(host: str, path: str, doing: str, status: int, stderr: bytes, limit_bytes: int = 0) -> GoaroundError:
    """The error that a script's exit status other than 0 stands for."""
    if status in _REFUSALS:
        return _REFUSALS[status](host, path)
    if status == _LONG:
        return rules.too_long(host, path, limit_bytes)
    if status == _TOOLS:
        return CommandFailed(f"{host} has no sha256sum", "", f"install coreutils on {host}; nothing was changed")
    if status == _CUT:
        return rules.file_failed(host, path, doing, "the content did not arrive whole")
    lines = stderr.decode("utf-8", "replace").strip().splitlines()
    return rules.file_failed(host, path, doing, lines[-1] if lines else f"exit status {status}")
