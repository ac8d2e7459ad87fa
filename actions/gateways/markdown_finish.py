"""Makes the procedure of what was read: gives codes, looks at links, and passes every text through ``sanitise``.

Reading is left to ``markdown_reading``, judging to ``actions.model.procedure_check``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

from actions.gateways import markdown_labels as labels
from actions.gateways.markdown_blocks import Target
from actions.gateways.markdown_drafts import Drafts, ItemDraft, ListDraft, OptionDraft
from actions.model.checklist import Kind
from actions.model.outside_text import sanitise
from actions.model.procedure import (
    Checklist,
    Commands,
    Contact,
    Criterion,
    EscalationRule,
    Heading,
    Link,
    ListItem,
    MatrixLine,
    Message,
    NotUnderstood,
    OptionStep,
    OptionText,
    Procedure,
    Prose,
    SignOff,
)
from actions.model.procedure_words import duration, option_of

LONGEST_TEXT = 4000
"""Characters of one line of text; a message or a block of commands may be longer."""
_LETTERS = "ACDEFGHJKLMQRTUVWYZ"
"""For codes that we give: B, N, P, S and X belong to the steps of plans, I and O read as digits."""
_RISK = re.compile(r"\b((?:very )?(?:no|low|medium|moderate|high))[\s-]+risk\b", re.IGNORECASE)
_WAY_BACK = re.compile(r"\broll(?:ing)?[\s-]*back|\brevert|\brestor|\bredeploy", re.IGNORECASE)
_UNWRITTEN = re.compile(
    r"\b(?:todo|tbd|to be (?:written|created|added|done)|coming soon|not yet written|planned)\b", re.IGNORECASE
)


def finished(drafts: Drafts, *, path: str, sha256: str, folder: Path | None) -> Procedure:
    """The procedure. ``folder``: where relative links begin; None: they are not looked at."""
    known = tuple(one.role for one in drafts.contacts if one.role)
    rules = [labels.escalation_rule(when, who, text, line, known) for when, who, text, line in drafts.rules]
    facts = {name: line_of(value) for name, value in drafts.facts.items()}
    return Procedure(
        title=facts.get("title", "") or sanitise(Path(path).name),
        path=sanitise(path),
        sha256=sha256,
        owner=facts.get("owner", ""),
        updated=facts.get("updated", ""),
        next_review=facts.get("next_review", ""),
        criteria=tuple(_criteria(drafts)),
        matrix=tuple(_matrix_line(one) for one in drafts.matrix),
        checklists=tuple(_checklists(drafts)),
        options=tuple(_options(drafts)),
        contacts=tuple(Contact(line_of(c.role), line_of(c.address), line_of(c.duty), c.line) for c in drafts.contacts),
        escalation=tuple(_ladder(rules)),
        messages=tuple(_message(one) for one in drafts.messages),
        sign_off=tuple(SignOff(line_of(one.name), one.line) for one in drafts.sign_offs),
        links=tuple(_links(drafts, folder)),
        headings=tuple(Heading(line_of(one.text), one.level, one.line) for one in drafts.headings),
        texts=tuple(Prose(line_of(one.section), block_of(one.text), one.line) for one in drafts.texts),
        tables=tuple(replace(one, columns=tuple(line_of(head) for head in one.columns)) for one in drafts.tables),
        not_understood=tuple(
            NotUnderstood(one.line, sanitise(one.text, limit=200), sanitise(one.why))
            for one in sorted(drafts.wrong, key=lambda one: one.line)
        ),
    )


def line_of(text: str) -> str:
    """Outside text in one line."""
    return sanitise(" ".join(text.split()), limit=LONGEST_TEXT)


def block_of(text: str) -> str:
    """Outside text that may have several."""
    return sanitise(text.strip("\n"), keep_newlines=True)


def _criteria(drafts: Drafts) -> Iterator[Criterion]:
    for at, one in enumerate(drafts.criteria):
        bound = drafts.criteria_bound.get(at, {})
        yield Criterion(
            line_of(one.level),
            line_of(one.text),
            one.line,
            line_of(one.action),
            bound.get("when", ""),
            bound.get("sensed", ""),
            bound.get("branch", ""),
        )


def _matrix_line(one: MatrixLine) -> MatrixLine:
    return replace(
        one,
        severity=line_of(one.severity),
        users=line_of(one.users),
        data_risk=line_of(one.data_risk),
        decision=line_of(one.decision),
        within=line_of(one.within),
    )


def _message(one: Message) -> Message:
    return Message(line_of(one.name), one.phase, line_of(one.to), line_of(one.subject), block_of(one.text), one.line)


# ----------------------------------------------------------------------------------------------- checklists, codes


def _checklists(drafts: Drafts) -> Iterator[Checklist]:
    given = Counter(item.bound["code"] for one in drafts.lists for item in one.items if "code" in item.bound)
    letters = _prefixes({re.sub(r"\d.*", "", code) for code in given})
    for one in drafts.lists:
        prefix = next(letters) if any("code" not in item.bound for item in one.items) else ""
        items = []
        for number, item in enumerate(one.items, 1):
            items.append(_item(item, item.bound.get("code") or f"{prefix}{number}", one))
            if not item.text.strip():
                drafts.not_understood(item.line, "[ ]", "an item that says nothing")
        yield Checklist(line_of(one.name), one.phase, tuple(items), one.line, one.high_s, one.low_s, one.paper)


def _prefixes(used: set[str]) -> Iterator[str]:
    """Letters for lists, in order; those that the document's own codes begin with are left to it."""
    rounds: list[str] = [""]
    while True:
        for before in rounds:
            for letter in _LETTERS:
                if before + letter not in used:
                    yield before + letter
        rounds = [before + letter for before in rounds for letter in _LETTERS]


def _item(item: ItemDraft, code: str, of: ListDraft) -> ListItem:
    sensor, step = item.bound.get("sensed", ""), item.bound.get("step", "")
    when = (
        item.bound.get("when") or (of.lead.bound.get("when", "") if of.lead else "") or of.section.bound.get("when", "")
    )
    return ListItem(
        code=code,
        text=line_of(item.text),
        kind=Kind.SENSED if sensor else Kind.STEP if step else Kind.MANUAL,
        line=item.line,
        depth=item.depth,
        sensor=sensor,
        step=step,
        gate="gate" in item.bound,
        when=when,
        group=line_of(item.group),
        notes=tuple(block_of(note) for note in item.notes if note.strip()),
        commands=tuple(item.commands),
        ticked=item.ticked,
    )


# --------------------------------------------------------------------------------------------------------- options


def _options(drafts: Drafts) -> Iterator[OptionText]:
    rows = [one for one in drafts.options if one.table_line]
    sections = [one for one in drafts.options if not one.table_line]
    for draft in sections:
        found = next((row for row in rows if _same(row.name, draft.name)), None)
        if found is not None:
            rows.remove(found)
            draft.table_line = found.table_line
            draft.labels = {**found.labels, **draft.labels}
            draft.steps = draft.steps or found.steps
    for draft in sorted([*sections, *rows], key=lambda one: one.line):
        declared = bool(draft.table_line) or (draft.section is not None and draft.section.is_option)
        declared = declared or bool(option_of(draft.name) and _WAY_BACK.search(draft.name))
        if draft.steps or draft.table_line or (draft.section is not None and draft.section.is_option):
            yield _option(draft, declared)


def _same(row: str, heading: str) -> bool:
    plain = [re.sub(r"[^a-z0-9 ]", " ", text.lower()).split() for text in (row, heading)]
    if not plain[0] or not plain[1]:
        return False
    number = [re.match(r"^\D*?\b(\d{1,2}[a-z]?)\b", text.lower()) for text in (row, heading)]
    if number[0] and number[1]:
        return number[0][1] == number[1][1]
    return plain[0] == plain[1] or set(plain[0]) <= set(plain[1])


def _option(draft: OptionDraft, declared: bool) -> OptionText:
    bound = draft.section.bound if draft.section else {}
    said: dict[str, str] = {}
    for one in reversed(list(draft.section.upwards())) if draft.section else ():
        if one.is_option or one is draft.section:  # a way of doing an option takes as long, and risks as much
            said.update(one.labels)
    said.update(draft.labels)
    if "risk" not in said and (risk := _RISK.search(draft.name)):
        said["risk"] = risk[1]
    written = said.get("duration", "")
    low, high = duration(written) if written else duration(draft.name)
    return OptionText(
        name=line_of(draft.name),
        option=bound.get("option", "") or option_of(draft.name),
        line=draft.line,
        steps=tuple(OptionStep(line_of(one.text), one.line, tuple(one.commands)) for one in draft.steps),
        duration=line_of(written),
        duration_low_s=low,
        duration_high_s=high,
        risk=line_of(said.get("risk", "")),
        good_for=line_of(said.get("good_for", "")),
        declared=declared,
        table_line=draft.table_line,
    )


# ------------------------------------------------------------------------------------------------ escalation, links


def _ladder(rules: list[EscalationRule]) -> Iterator[EscalationRule]:
    """Rules as sanitised values; where one begins, the one before it ends, unless that names no time at all."""
    for at, rule in enumerate(rules):
        later = [one.from_s for one in rules[at + 1 :] if one.about == rule.about and one.from_s > rule.from_s]
        timed = duration(rule.text)[1] is not None
        within = min(later) if rule.within_s is None and later and timed else rule.within_s
        roles = tuple(line_of(role) for role in rule.roles)
        yield EscalationRule(line_of(rule.text), rule.line, roles, rule.about, rule.from_s, within)


def _links(drafts: Drafts, folder: Path | None) -> Iterator[Link]:
    links = [_link(target, drafts, folder) for target in drafts.targets if target.target]
    links += [_named(one, folder) for one in drafts.named_documents]
    seen = set()
    for one in sorted(links, key=lambda link: link.line):
        if (one.text, one.target, one.line) not in seen:
            seen.add((one.text, one.target, one.line))
            yield one


def _link(target: Target, drafts: Drafts, folder: Path | None) -> Link:
    exists, note = _looked_at(target.target, drafts.anchors, folder)
    return Link(line_of(target.text), line_of(target.target), target.line, exists, note)


def _named(one: Link, folder: Path | None) -> Link:
    unwritten = "still to be written" if _UNWRITTEN.search(one.text) else ""
    if one.target:
        exists, note = _looked_at(one.target, set(), folder)
        return Link(line_of(one.text), line_of(one.target), one.line, exists, unwritten or note)
    exists = False if unwritten else None
    return Link(line_of(one.text), "", one.line, exists, unwritten or "named without saying where it is")


def _looked_at(target: str, anchors: set[str], folder: Path | None) -> tuple[bool | None, str]:
    if re.match(r"^[A-Za-z][A-Za-z0-9+.-]*:|^//", target):
        return None, "an address on the net: not looked at"
    if target.startswith("#"):
        found = unquote(target[1:]).lower() in anchors
        return found, "" if found else "no heading here has this anchor"
    if target.startswith("/") or folder is None:
        return None, "a path of the site it is shown on: not looked at"
    plain = unquote(re.split(r"[?#]", target, maxsplit=1)[0])
    try:
        found = (folder / plain).exists()
    except (OSError, ValueError):  # too long a name, or one that no file may have
        return False, "no such file"
    return found, "" if found else "no such file"


def commands_of(procedure: Procedure) -> Iterator[Commands]:
    """Every block of commands of a procedure, in the order of its lists and options."""
    for checklist in procedure.checklists:
        for item in checklist.items:
            yield from item.commands
    for option in procedure.options:
        for step in option.steps:
            yield from step.commands
