"""The application that the fake Coolify deploys, as its users reach it: what is answered comes from what runs alone.

Real containers (``port``) are asked themselves; those in memory answer as they would.
"""

from __future__ import annotations

import http.client
from contextlib import closing

from fake_coolify_routes import Reply
from fake_coolify_runtime import RunContainer

BAD_GATEWAY = b"Bad Gateway\n"


def answer_of_site(method: str, path: str, containers: list[RunContainer]) -> Reply:
    """As the proxy in front of it: the newest container, unless it is unhealthy and an older one is not."""
    able = [one for one in containers if one.health != "unhealthy"] or containers
    if not able:
        return Reply(BAD_GATEWAY, 502, content_type="text/plain")
    newest = able[-1]
    if newest.port:
        return _asked(method, path, newest.port)
    if path.rstrip("/") != "/health":
        return Reply(f"shop {newest.code}\n".encode(), content_type="text/plain")
    status = 503 if newest.health == "unhealthy" else 200
    return Reply({"status": "ok" if status == 200 else "failing", "commit": newest.code}, status)


def _asked(method: str, path: str, port: int) -> Reply:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        try:
            connection.request(method, path)
            answer = connection.getresponse()
            if path.rstrip("/") == "/health":  # busybox serves files: one that is not there is a sick application
                return Reply(answer.read(), 200 if answer.status == 200 else 503)
            return Reply(answer.read(), answer.status, content_type="text/plain")
        except OSError:
            return Reply(BAD_GATEWAY, 502, content_type="text/plain")
