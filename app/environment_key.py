"""The key of a store's marks: made once, for its owner alone (or for all who share the store). It never leaves it."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from actions.gateways.store_folder import share_or_hide
from actions.model.errors import GoaroundError

KEY = "environment.key"


def key_of(store: Path) -> bytes:
    """The key of this store's marks; made when there is none. Raises GoaroundError."""
    path = store / KEY
    try:
        with suppress(FileExistsError):
            store.mkdir(mode=0o700, parents=True, exist_ok=True)
            temporary = store / f".{KEY}.{os.getpid()}.{secrets.token_hex(4)}"
            if not path.exists():
                handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
                with os.fdopen(handle, "wb") as file:
                    file.write(secrets.token_bytes(32))
                    file.flush()
                    os.fsync(file.fileno())
                try:
                    share_or_hide(temporary, store)
                    os.link(temporary, path)  # whole or not at all, and never over another one
                finally:
                    temporary.unlink()
        key = path.read_bytes()
    except OSError as error:
        raise GoaroundError(f"{path}: {error.strerror or error}", "", "mend its rights") from error
    if len(key) != 32:
        raise GoaroundError(f"{path} is no key of 32 bytes", "", "move it away: a new one is made")
    return key
