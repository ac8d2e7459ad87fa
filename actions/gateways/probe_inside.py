"""Sends a probe from the system's own host, by the curl that is there: past load balancer, proxy and name service.

What the answer is worth is judged as for any other probe. Everything goes to curl on its input: an argv could be read
by every user of that host, and a header may hold a secret.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from actions.gateways.probe_answers import Answer, judge
from actions.model.clock import Clock
from actions.model.effect import ProbeHttp
from actions.model.errors import CommandFailed, GoaroundError
from actions.model.outside_text import sanitise
from actions.model.ports import Host, Prober, ProbeReading

ARGV = ("curl", "--disable", "--config", "-")
GRACE_S = 5
"""The way to the host and back, beside the answer's own deadline."""
LONGEST = 200
_END = re.compile(rb"goaround (\d{3}) (\d+(?:\.\d+)?) ?([^\r\n]*)\s*\Z")
_WHY = {
    5: "the name of a proxy is not known",
    6: "the name is not known (DNS)",
    7: "connection refused",
    28: "no answer in time",
    35: "TLS: no connection",
    52: "the connection was closed without an answer",
    56: "connection reset",
    60: "TLS: the certificate is not believed there",
    63: "the answer is longer than may be read",
    77: "TLS: the file of authorities cannot be used there",
}
"""What curl's exit statuses mean to an operator."""


class InsideProber:
    """The ``Prober`` for probes with ``inside``; all others are handed on to the one that is given."""

    def __init__(
        self,
        others: Prober,
        host: Host,
        clock: Clock,
        resolve: Callable[[str], str] = str,
        redact: Callable[[str], str] = str,
    ) -> None:
        self._others = others
        self._host = host
        self._clock = clock
        self._resolve = resolve
        self._redact = redact

    def read(self, probe: ProbeHttp) -> ProbeReading:
        """One answer. Raises ``GoaroundError`` only for what is ours: a header's variable that is not set."""
        if not probe.inside:
            return self._others.read(probe)
        config = self._config(probe)
        begun = self._clock.monotonic_ms()
        try:
            result = self._host.run(ARGV, stdin=config.encode(), timeout_s=probe.answer_s + GRACE_S)
        except CommandFailed as error:
            return self._failed(probe, begun, f"no curl: {error.line()}")
        except GoaroundError as error:
            return self._failed(probe, begun, error.line())
        end = _END.search(result.stderr)
        if result.timed_out or result.exit_status or end is None:
            return self._failed(probe, begun, _reason(result.exit_status, result.stderr, late=result.timed_out))
        body = result.stdout[: probe.body_cap + 1]
        if len(body) > probe.body_cap:
            return self._failed(probe, begun, f"the body is longer than {probe.body_cap} bytes")
        ms = round(float(end[2]) * 1000)
        leads = end[3].decode("utf-8", "replace")
        answer = Answer(int(end[1]), ms, body, probe.url, leads)
        ok, detail = judge(probe, answer)
        return ProbeReading(probe.name, ok, answer.status, ms, self._redact(f"inside: {detail}"), body)

    def _failed(self, probe: ProbeHttp, begun: int, why: str) -> ProbeReading:
        ms = self._clock.monotonic_ms() - begun
        return ProbeReading(probe.name, False, 0, ms, self._redact(f"inside, on {self._host.name}: {why}"), b"")

    def _config(self, probe: ProbeHttp) -> str:
        """Curl's options, one a line. Raises what ``resolve`` raises."""
        lines = [
            "silent",
            "show-error",
            "globoff",
            f"url = {_quoted(probe.url)}",
            'noproxy = "*"',
            f"max-time = {probe.answer_s}",
            f"max-filesize = {probe.body_cap}",
            'user-agent = "goaround"',
            r'write-out = "%{stderr}\ngoaround %{http_code} %{time_total} %{redirect_url}"',
            "head" if probe.method == "HEAD" else f"request = {_quoted(probe.method)}",
        ]
        if probe.method == "HEAD":
            lines.append('output = "/dev/null"')  # with it, curl takes the headers for the body
        if not probe.verify_tls:
            lines.append("insecure")
        if probe.ca_file:
            lines.append(f"cacert = {_quoted(probe.ca_file)}")
        lines += [f"header = {_quoted(f'{name}: {self._resolve(value)}')}" for name, value in probe.headers.items()]
        return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """As curl reads a value in quotes; a line break would begin another option."""
    flat = " ".join(text.splitlines())
    return '"' + flat.replace("\\", "\\\\").replace('"', '\\"').replace("\t", " ") + '"'


def _reason(status: int, said: bytes, *, late: bool) -> str:
    if late:
        return "no whole answer in time"
    if status in _WHY:
        return _WHY[status]
    text = sanitise(" ".join(_END.sub(b"", said).decode("utf-8", "replace").split()), limit=LONGEST)
    if status in (126, 127):
        return f"curl cannot be started there{f' ({text})' if text else ''}"
    return text or f"curl ended with {status}"
