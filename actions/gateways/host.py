"""Makes the host a configuration names; how it works is left to ``local_host`` and ``ssh_host``.

``GOAROUND_SSH_CONFIG`` names a configuration for OpenSSH's client (``ssh -F``) to use instead of the user's
own, for a service account or a drill.
"""

from __future__ import annotations

import os

from actions.gateways.local_host import LocalHost
from actions.gateways.ssh_host import SshHost
from actions.model.ports import Host

SSH_CONFIG_VARIABLE = "GOAROUND_SSH_CONFIG"


def connect(name: str, *, ssh_config: str = "", identity: str = "", connect_timeout_s: int = 10) -> Host:
    """``local`` or ``ssh://user@host:port`` as a host; nothing is connected before its first use.

    ``ssh_config`` is a path for ``ssh -F`` and goes before ``GOAROUND_SSH_CONFIG``; ``identity`` is the
    only private key to offer. Raises ``BadInput`` for any other name.
    """
    if name == "local":
        return LocalHost()
    return SshHost(
        name,
        ssh_config=ssh_config or os.environ.get(SSH_CONFIG_VARIABLE, ""),
        identity=identity,
        connect_timeout_s=connect_timeout_s,
    )
