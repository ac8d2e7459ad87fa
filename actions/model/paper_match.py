"""Which item of the list a printed line means: by their words, their phase, and each item once. Pure.

The paper says it shorter than the list, and in other words ("issue" for "problem", "told" for "notified").
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from actions.model.checklist import Item, Phase
from actions.model.procedure import ListItem

MORE_THAN = 0.5
"""Of the words of a printed line, more than so many must stand in the item: "database" alone is no backup."""
SAME_PHASE = 0.2
_LITTLE = frozenset(
    re.findall(
        r"\w+",
        "a an and are as at be been by for from has have if in into is it its made of on or that the their them there"
        " they this to was were what with not who all any done first before after",
    )
)
_ALIKE = {
    "problem": "problem issue incident defect fault",
    "written": "written document documented recorded logged description described",
    "stakeholder": "stakeholder stakeholders management manager managers leadership",
    "told": "told notified informed notify inform tell announced communicated",
    "backup": "backup backups snapshot dump",
    "log": "log logs",
    "kept": "exported export kept saved preserved collected",
    "approved": "approved approval authorised authorized",
    "decision": "decision decided decide",
    "version": "version release commit tag image",
    "identified": "identified identify found chosen known selected",
    "reverted": "reverted revert rollback rolled redeployed",
    "deployment": "deployment deployed deploy",
    "application": "application app service services",
    "restarted": "restarted restart started",
    "health": "health healthy",
    "endpoint": "endpoint endpoints probe probes check checks",
    "verified": "verified verify confirmed confirm checked tested test looked",
    "workflow": "workflow workflows flow flows",
    "stable": "stable stability",
    "user": "user users customer customers",
    "report": "report reports",
    "begun": "begun began started initiated opened",
    "cause": "rca cause postmortem retrospective",
    "scheduled": "scheduled schedule planned plan arranged",
    "fix": "fix fixed hotfix repair",
    "database": "database db",
}
_STEM = {word: stem for stem, words in _ALIKE.items() for word in words.split()}


def meaning(text: str) -> frozenset[str]:
    """The words that carry a line, each by the one that stands for all of its kind."""
    plain = re.sub(r"\([^)]*\)", " ", text.casefold()).replace("root-cause analysis", "rca")
    for old, new in (("root cause analysis", "rca"), ("roll back", "rollback"), ("rolled back", "rollback")):
        plain = plain.replace(old, new)
    words = re.findall(r"[^\W_]+", plain)
    return frozenset(_STEM.get(word, word) for word in words if word not in _LITTLE)


def matched(lines: Sequence[tuple[Phase, ListItem]], items: Iterable[Item]) -> tuple[Item | None, ...]:
    """For each printed line (with the phase it stands under) the item that it means, or None."""
    candidates = [item for item in items if not item.parent]
    words = [meaning(item.text) for item in candidates]
    scored = []
    for place, (phase, line) in enumerate(lines):
        asked = meaning(line.text)
        for at, item in enumerate(candidates):
            common = len(asked & words[at])
            if asked and common / len(asked) > MORE_THAN:
                alike = common / len(asked) + 0.1 * common / len(asked | words[at])
                scored.append((alike + (SAME_PHASE if item.phase is phase else 0.0), -abs(place - at), place, at))
    found: dict[int, Item] = {}
    used: set[int] = set()
    for _, _, place, at in sorted(scored, reverse=True):
        if place not in found and at not in used:
            found[place] = candidates[at]
            used.add(at)
    return tuple(found.get(place) for place in range(len(lines)))
