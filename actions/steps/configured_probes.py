"""The probes of a proof as the configuration describes them; sending them is left to ``perform``."""

from __future__ import annotations

from actions.model.effect import ProbeHttp
from actions.model.system import ProbeTable, Settings


def configured_probes(settings: Settings) -> tuple[ProbeHttp, ...]:
    """Every ``[[probe]]`` of the system itself, with the passes and seconds of ``[prove]``; none of what is outside."""
    return tuple(probe_of(table, settings) for table in settings.own_probes)


def probe_of(table: ProbeTable, settings: Settings) -> ProbeHttp:
    """One ``[[probe]]`` as it is sent."""
    return ProbeHttp(
        name=table.name,
        url=table.url,
        method=table.method,
        headers=table.headers,
        expect=table.expect,
        passes=settings.prove.passes,
        seconds=settings.prove.seconds,
        # The row of passes must fit into the deadline, else no system could ever pass.
        deadline_s=max(table.deadline, settings.prove.seconds + table.answer),
        answer_s=table.answer,
        body_cap=table.body_cap,
        verify_tls=table.verify_tls,
        ca_file=table.ca_file,
        follow=table.follow,
    )
