"""Names what went wrong between us and an HTTP server, in words an operator can act on; reads no answer.

httpx wraps the errors of socket and TLS in its own, whose texts say less; so the chain of causes is read.
"""

from __future__ import annotations

import errno
import socket
import ssl
from typing import Any

from actions.model.outside_text import sanitise

# OpenSSL's numbers for why a certificate is not believed (X509_V_ERR_…).
_CERTIFICATE = {
    9: "the certificate is not valid yet",
    10: "the certificate has expired",
    18: "the certificate is self-signed",
    19: "the certificate's authority is not known here (self-signed in its chain)",
    20: "the certificate's authority is not known here",
    21: "the certificate's authority is not known here",
    62: "the certificate is for another name",
    64: "the certificate is for another address",
}

_NO_ROUTE = (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN)


def named(error: BaseException) -> str:
    """One line on an error that httpx raised: what happened, not which class it is."""
    chain = _chain(error)
    return _tls(chain) or _network(chain) or _protocol(error)


def _chain(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in found and len(found) < 10:
        found.append(current)
        current = current.__cause__ or current.__context__
    return found


def _first(chain: list[BaseException], kind: Any) -> Any:
    return next((error for error in chain if isinstance(error, kind)), None)


def _tls(chain: list[BaseException]) -> str:
    doubted = _first(chain, ssl.SSLCertVerificationError)
    if doubted is not None:
        reason = _CERTIFICATE.get(doubted.verify_code) or f"the certificate: {doubted.verify_message}"
        return f"TLS: {sanitise(reason, limit=200)}"
    failed = _first(chain, ssl.SSLError)
    if failed is None:
        return ""
    reason = (failed.reason or "failed").replace("_", " ").lower()
    if "protocol version" in reason or "unsupported protocol" in reason:
        return "TLS: the server speaks only protocol versions that are too old"
    if "wrong version number" in reason or "http request" in reason:
        return "TLS: the server does not speak TLS on this port"
    return f"TLS: {sanitise(reason, limit=200)}"


def _network(chain: list[BaseException]) -> str:
    unresolved = _first(chain, socket.gaierror)
    if unresolved is not None:
        return f"the name is not known (DNS: {sanitise(unresolved.strerror or 'no answer', limit=100)})"
    if _first(chain, ConnectionRefusedError):
        return "connection refused"
    if _first(chain, (ConnectionResetError, BrokenPipeError, ConnectionAbortedError)):
        return "connection reset"
    failed = _first(chain, OSError)
    if failed is not None and failed.errno in _NO_ROUTE:
        return "no route to the host"
    if failed is not None and failed.errno:
        return f"no connection: {sanitise(failed.strerror or 'unknown reason', limit=200)}"
    return ""


def _protocol(error: BaseException) -> str:
    import httpx

    if isinstance(error, httpx.TimeoutException):
        return "no answer in time"
    if isinstance(error, httpx.UnsupportedProtocol):
        return "the address is not http or https"
    if isinstance(error, httpx.InvalidURL | UnicodeError):
        return "the address is not a valid URL"
    if isinstance(error, httpx.LocalProtocolError):
        # Its text may hold the header's value, which may be a secret.
        return "the request cannot be sent: a header or the method is not valid"
    if isinstance(error, httpx.RemoteProtocolError):
        text = sanitise(str(error), limit=200)
        if "disconnected" in text.lower():
            return "the connection was closed without an answer"
        if "closed connection" in text.lower():
            return "the connection was closed in the middle of the answer"
        return f"not valid HTTP: {text}"
    return sanitise(f"{type(error).__name__}: {error}", limit=200)
