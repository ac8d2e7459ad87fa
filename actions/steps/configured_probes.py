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
        deadline_s=_deadline(table, settings),
        answer_s=table.answer,
        body_cap=table.body_cap,
        verify_tls=table.verify_tls,
        ca_file=table.ca_file,
        follow=table.follow,
        inside=settings.system.host if table.inside else "",
    )


def _deadline(table: ProbeTable, settings: Settings) -> int:
    """As it is written; where no row of passes could ever fit into that, what one needs."""
    return table.deadline if table.deadline > settings.prove.seconds else settings.prove.seconds + table.answer
