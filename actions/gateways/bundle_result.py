"""The answer to "does this record verify?": findings for people, for programs, and the first bad event.

Judging is left to ``bundle_verify``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from actions.model.canonical import canonical_json
from actions.model.chain import hash_groups
from actions.model.errors import GoaroundError, RecordDamaged
from actions.model.incident import Incident
from actions.model.outside_text import sanitise
from actions.model.record_text import mode_word, state_words


class Mark(Enum):
    """What a finding means."""

    GOOD = "ok"
    BAD = "BAD"
    NOT_SHOWN = "--"
    """Neither good nor bad: something that this check cannot prove."""


@dataclass(frozen=True)
class Finding:
    """One line of the answer."""

    mark: Mark
    text: str
    seq: int | None = None
    """The event it belongs to, for a bad one."""
    next_move: str = ""


@dataclass(frozen=True)
class SignOffState:
    """What became of one sign-off."""

    part: str
    person: str
    seq: int
    state: str
    """``verified``, ``unsigned``, ``not checked`` or ``bad``."""
    signer: str = ""
    key: str = ""


@dataclass
class VerifyResult:
    """Everything that was found. ``ok`` is the answer; what could not be proven is said, and does not change it."""

    what: str
    """``bundle`` or ``stored record``."""
    path: str
    incident: Incident | None = None
    findings: list[Finding] = field(default_factory=list)
    sign_offs: list[SignOffState] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Nothing bad was found."""
        return not self.bad

    @property
    def bad(self) -> list[Finding]:
        """What is bad, in the order of checking."""
        return [finding for finding in self.findings if finding.mark is Mark.BAD]

    @property
    def first_bad(self) -> int | None:
        """Number of the first bad event, or None when all is well or only files without an event are bad."""
        return min((finding.seq for finding in self.bad if finding.seq is not None), default=None)

    @property
    def exit_status(self) -> int:
        """0 when it verifies, 1 when not."""
        return 0 if self.ok else 1

    def good(self, text: str) -> None:
        """Something holds."""
        self.findings.append(Finding(Mark.GOOD, text))

    def not_shown(self, text: str) -> None:
        """Something that this check cannot prove."""
        self.findings.append(Finding(Mark.NOT_SHOWN, text))

    def fail(self, text: str, seq: int | None = None, next_move: str = "") -> None:
        """Something is bad."""
        self.findings.append(Finding(Mark.BAD, text, seq, next_move))

    def fail_with(self, error: GoaroundError) -> None:
        """Something is bad, as an error tells it."""
        text = f"{error.title}: {error.detail}" if error.detail else error.title
        self.fail(text, error.seq if isinstance(error, RecordDamaged) else None, error.next_move)

    def verdict(self) -> str:
        """The last line: one sentence that cannot be misread."""
        name = self.incident.id if self.incident else self.path
        if self.ok and self.incident is not None:
            return f"VERIFIED: {name} ({mode_word(self.incident)}; {state_words(self.incident)})"
        where = f"first bad event: {self.first_bad}" if self.first_bad else "no event is bad; see the files above"
        return f"DOES NOT VERIFY: {name}; {where}"

    def lines(self) -> list[str]:
        """For people: what was looked at, every finding, the next move, the verdict."""
        rows = [f"{self.what} {self.path}"]
        if self.incident is not None and self.incident.declared is not None:
            name = self.incident.declared
            rows.append(f"{mode_word(self.incident)} incident {self.incident.id} of {name.system}, {name.environment}")
            rows.append(f"head: event {self.incident.head_seq}, {hash_groups(self.incident.head_hash)}")
        for finding in self.findings:
            where = f"event {finding.seq}: " if finding.seq and not finding.text.startswith("event ") else ""
            rows.append(f"{finding.mark.value:>3}  {where}{finding.text}")
        moves = dict.fromkeys(finding.next_move for finding in self.bad if finding.next_move)
        return [sanitise(row) for row in (*rows, *(f"next: {move}" for move in moves), self.verdict())]

    def to_json(self) -> str:
        """For programs: one line of JSON."""
        one = self.incident
        name = one.declared if one else None
        data: dict[str, Any] = {
            "ok": self.ok,
            "what": self.what,
            "path": self.path,
            "incident": sanitise(one.id) if one else None,
            "system": sanitise(name.system) if name else None,
            "environment": sanitise(name.environment) if name else None,
            "mode": one.mode if one else None,
            "state": sanitise(state_words(one)) if one else None,
            "head": {"seq": one.head_seq, "hash": one.head_hash} if one else None,
            "first_bad": self.first_bad,
            "findings": [{"mark": f.mark.value.lower(), "event": f.seq, "text": f.text} for f in self.findings],
            "sign_offs": [
                {
                    "part": sanitise(s.part),
                    "person": sanitise(s.person),
                    "event": s.seq,
                    "state": s.state,
                    "signer": sanitise(s.signer),
                    "key": s.key,
                }
                for s in self.sign_offs
            ],
        }
        return canonical_json(data).decode("utf-8")
