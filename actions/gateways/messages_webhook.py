"""Hands a message to a web address: one request, no redirects, success is a status of 2xx and nothing else."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from typing import Any

from actions.gateways.messages_delivered import Delivered, Line, tls_context, went_out, within
from actions.gateways.probe_faults import named
from actions.model.errors import BadInput
from actions.model.message_channels import ChannelTable
from actions.model.message_post import Post, webhook_body
from actions.model.system_checks import check_url

BODY_CAP = 4096
"""Bytes that are read of an answer: it is shown, not used."""


def send_webhook(channel: ChannelTable, post: Post, resolve: Callable[[str], str]) -> Delivered:
    """Send it within the deadline. Raises BadInput for what is ours: a variable that is not set, a bad address."""
    url = resolve(channel.webhook)
    try:
        check_url("webhook", url)
    except ValueError:  # its text may hold the address, which may be a secret
        raise BadInput("webhook: what it stands for is no http or https URL", "", "correct the variable") from None
    kind, body = webhook_body(channel, post, resolve)
    headers = [(b"User-Agent", b"goaround"), (b"Accept-Encoding", b"identity")]
    given = {name.lower() for name in channel.headers}
    if "content-type" not in given:
        headers.append((b"Content-Type", kind.encode("ascii")))
    for name, value in channel.headers.items():
        resolved = resolve(value)
        if any(ord(char) < 32 or ord(char) == 127 for char in resolved):
            raise BadInput(f"the header {name} would hold a control character", "", "correct the variable")
        headers.append((name.encode("ascii"), resolved.encode("utf-8")))
    try:
        context = tls_context(channel.ca_file)
    except OSError as error:  # ssl.SSLError is one
        reason = error.strerror or "no certificate in it"
        raise BadInput(f"TLS: {channel.ca_file} cannot be used", reason, "correct ca_file") from error
    return within(channel.deadline, lambda line: _post(line, channel, url, headers, body, context))


def _post(
    line: Line,
    channel: ChannelTable,
    url: str,
    headers: list[tuple[bytes, bytes]],
    body: bytes,
    context: ssl.SSLContext,
) -> Delivered:
    import httpx

    def trace(event: str, info: dict[str, Any]) -> None:
        if event == "connection.connect_tcp.complete":
            connection = info["return_value"].get_extra_info("socket")
            if isinstance(connection, socket.socket):
                line.plug(connection)
        elif event.endswith("send_request_headers.started"):
            line.stage, line.handed_over = "waiting for the answer", True

    try:
        with (
            httpx.Client(verify=context, trust_env=False, follow_redirects=False, timeout=channel.deadline) as client,
            client.stream(channel.method, url, content=body, headers=headers, extensions={"trace": trace}) as response,
        ):
            said = _beginning(response)
            status = response.status_code
            if 300 <= status < 400:
                return Delivered(False, f"{status}: a redirect, not followed; give the final address")
            return Delivered(200 <= status < 300, f"{status}{': ' + said if said else ''}")
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError, UnicodeError) as error:
        return Delivered(False, f"{named(error)}; {went_out(line)}")


def _beginning(response: Any) -> str:
    """The first bytes of the answer; whatever more comes is not waited for."""
    read = bytearray()
    for chunk in response.iter_raw(1024):
        read += chunk
        if len(read) >= BODY_CAP:
            break
    return bytes(read[:BODY_CAP]).decode("utf-8", "replace").strip()
