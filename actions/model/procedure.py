"""The procedure: what a Markdown document says about going back, as values that an incident can keep.

Reading the document is left to the Markdown gateways, judging it to ``procedure_check``. Every value carries the line
(counted from 1) on which it stands. All of it goes through ``codec``, so a parsed procedure can be kept in a journal.
"""

from __future__ import annotations

from actions.model.checklist import Kind, Phase
from actions.model.codec import later
from actions.model.quick_dataclass import dataclass

SENSORS: dict[str, str] = {
    "app.runs": "every container runs, is healthy, and does not restart",
    "backup.current": "a backup from after the last change exists and can be restored",
    "backups.daily": "the newest backup is younger than a day, and none is missing in the last week",
    "backups.kept": "backups of a week and more are kept",
    "backups.restorable": "a backup was restored, and what came of it looked at",
    "configuration.kept": "the environment and the configuration of the running release are kept as evidence",
    "configured.database": "the configuration names what looks at the database",
    "configured.errors": "the configuration names logs that are followed",
    "configured.resources": "the configuration names checks of CPU and memory",
    "configured.response": "the configuration names probes with a limit for their answers",
    "coolify.status": "Coolify calls the application healthy, and what runs is proven: its word alone ticks nothing",
    "critical.workflows": "every configured workflow passes",
    "database.answers": "the application's role can log in, read and write",
    "dependencies.answer": "services outside, which this system needs, answer",
    "decision": "somebody who may has decided, and no newer fact has re-opened it",
    "deployment.time": "the last deployment before the first bad reading is known",
    "errors.database": "queries fail no more often than before the deployment",
    "errors.rate": "the rate of errors in the logs is back to what it was before the deployment",
    "logs.exported": "the logs of the running release are kept as evidence",
    "evidence.kept": "logs and configuration of the running release are kept as evidence",
    "monitoring.kept": "error rate, response times and load of the database are kept as evidence",
    "probes.answer": "at least one configured probe passes",
    "probes.green": "every configured probe passes",
    "release.running": "what runs is the target",
    "response.baseline": "answers take about as long as before the deployment",
    "response.times": "probes answer as quickly as before the deployment",
    "target": "the release to go back to is chosen",
    "watch.begun": "`goaround watch --for` is running, or has run",
}
"""Names that ``<!-- sensed: name -->`` may give, and what each of them observes."""

NAMED_SENSORS: dict[str, str] = {
    "probe.": "the [[probe]] or [[login]] of this name passes",
    "check.": "the [[check]] of this name is well",
}
"""Beginnings of names: what follows is the name of something in the configuration."""

BRANCHES: dict[str, str] = {
    "data": "data may be lost: writes are stopped first, and older code alone mends nothing",
    "security": "somebody may be inside: evidence is kept before anything is changed, and few may read the record",
}
"""Names that ``<!-- branch: name -->`` may give to a criterion: while it is met, what says ``when: name`` applies."""

STEPS: dict[str, str] = {
    "coolify.cancel": "cancels deployments that stand in the way",
    "coolify.deploy": "has Coolify deploy an earlier version",
    "coolify.set": "freezes auto-deploy, or straightens what was bent",
    "compose.commit": "commits the rollback in the project's repository",
    "compose.protect": "tags the images that run now, so that no clean-up takes them",
    "compose.switch": "pins the services to the target's images and starts them",
    "compose.wait": "waits until the containers are healthy",
    "database.restore": "restores a backup beside the present database",
    "database.snapshot": "keeps the present state of the database",
    "evidence.keep": "keeps logs and configuration as evidence",
    "git.branch": "pushes a branch at the target",
    "git.coolify": "puts Coolify on that branch and has it deployed",
    "git.deploy": "deploys that branch",
    "maintenance.off": "takes the maintenance notice down",
    "maintenance.on": "shows the maintenance notice",
    "migration.reverse": "migrates back to an earlier migration",
    "prove.back": "proves that the target is back",
}
"""Names that ``<!-- step: name -->`` may give, and what each of them does."""


def sensor_known(name: str) -> bool:
    """Whether there is a sensor of this name; of those that are named after something configured: any."""
    return name in SENSORS or any(name.startswith(begin) and name != begin for begin in NAMED_SENSORS)


def observes(name: str) -> str:
    """What a sensor observes, in words; its name where nobody knows it."""
    if name in SENSORS:
        return SENSORS[name]
    begin = next((one for one in NAMED_SENSORS if name.startswith(one) and name != one), "")
    return f"{name.removeprefix(begin)}: {NAMED_SENSORS[begin]}" if begin else name


@dataclass(frozen=True)
class Commands:
    """One block of commands."""

    language: str
    """As written after the fence, in small letters; empty: it had none."""
    text: str
    """The whole block."""
    line: int
    """Of the fence, or of the first line where there is none."""
    runs: str = ""
    """What would run: of a recorded console its commands without prompts and answers, else the whole block."""


@dataclass(frozen=True)
class Criterion:
    """One reason to act."""

    level: str
    """``Critical``, ``High``, ``SEV-1``, or empty where the document names none."""
    text: str
    line: int
    action: str = ""
    """What the document says to do at this level."""
    when: str = ""
    """Applies only where this is configured (``payments``); empty: everywhere."""
    sensor: str = later("")
    """What proposes it, when that is read and is not well; a person says whether it holds."""
    branch: str = later("")
    """While it is met, what says ``when:`` this applies."""


@dataclass(frozen=True)
class MatrixLine:
    """One row of a decision matrix, worst first as the document has them.

    Shares of users are percent and inclusive at both ends, unless ``low_open`` or ``high_open`` says that the bound
    itself does not belong: "over 80 %" is 80 to 100 with ``low_open``, "under 10 %" 0 to 10 with ``high_open``.
    """

    severity: str
    users_low: int | None
    users_high: int | None
    users: str
    """As written."""
    data_risk: str
    decision: str
    """As written; ``procedure_words.decision_of`` says what it means."""
    within: str
    """As written."""
    within_s: int | None
    """The upper bound; 0: at once; None: no time is given (next release)."""
    line: int
    low_open: bool = False
    high_open: bool = False


@dataclass(frozen=True)
class ListItem:
    """One line of a checklist."""

    code: str
    text: str
    kind: Kind
    line: int
    depth: int = 0
    """0 for the outermost items of its list."""
    sensor: str = ""
    step: str = ""
    gate: bool = False
    """Nothing that destroys may be armed while it is open."""
    when: str = ""
    """Applies only where this is configured; empty: everywhere."""
    group: str = ""
    """The line of the list it stands under, where that line is no item itself."""
    notes: tuple[str, ...] = ()
    commands: tuple[Commands, ...] = ()
    ticked: bool = False
    """The document itself has it ticked."""


@dataclass(frozen=True)
class Checklist:
    """Items that are worked through together."""

    name: str
    phase: Phase
    items: tuple[ListItem, ...]
    line: int
    time_box_s: int | None = None
    """The upper bound."""
    time_box_low_s: int | None = None
    paper: bool = False
    """It stands in a block of plain text, to be printed: what it asks may be asked by the other lists, too."""


@dataclass(frozen=True)
class OptionStep:
    """One step of a way back, for people; its commands are shown, checked and armed like any other."""

    text: str
    line: int
    commands: tuple[Commands, ...] = ()


@dataclass(frozen=True)
class OptionText:
    """One way back, or another section that says how something is done."""

    name: str
    option: str
    """``coolify``, ``compose``, ``git``, ``database``, ``migration``, ``forward``; empty: none of ours."""
    line: int
    steps: tuple[OptionStep, ...] = ()
    duration: str = ""
    """As written."""
    duration_low_s: int | None = None
    duration_high_s: int | None = None
    risk: str = ""
    good_for: str = ""
    declared: bool = True
    """The document calls it an option; else it is a section with steps."""
    table_line: int = 0
    """The row of a table of options that speaks of it; 0: none."""


@dataclass(frozen=True)
class Contact:
    """Somebody to reach."""

    role: str
    address: str
    duty: str
    line: int


@dataclass(frozen=True)
class EscalationRule:
    """Who decides, from when until when."""

    text: str
    line: int
    roles: tuple[str, ...] = ()
    about: str = ""
    """``database``: for that alone; empty: for everything."""
    from_s: int = 0
    within_s: int | None = None
    """Seconds since the declaration until which it holds; None: it stays."""


@dataclass(frozen=True)
class Message:
    """A text to be sent."""

    name: str
    phase: Phase
    to: str
    subject: str
    text: str
    line: int


@dataclass(frozen=True)
class SignOff:
    """A blank to be filled in by hand."""

    name: str
    line: int


@dataclass(frozen=True)
class Link:
    """Another document or address."""

    text: str
    target: str
    """Empty: the document names it without saying where it is."""
    line: int
    exists: bool | None = None
    """None: not looked at (an address on the net)."""
    note: str = ""


@dataclass(frozen=True)
class Heading:
    """A heading, whether or not something stands under it."""

    text: str
    level: int
    """1 to 6."""
    line: int


@dataclass(frozen=True)
class Prose:
    """Running text, kept as it is."""

    section: str
    text: str
    line: int


@dataclass(frozen=True)
class TableRead:
    """A table that was understood."""

    line: int
    """Of its heading row."""
    what: str
    """``matrix``, ``criteria``, ``contacts``, ``escalation``, ``options``, ``steps``, ``items``, ``sign-off``, …"""
    rows: tuple[int, ...]
    """The lines of its rows."""
    columns: tuple[str, ...] = ()
    """What its columns are called."""


@dataclass(frozen=True)
class NotUnderstood:
    """Something that found no place, and why."""

    line: int
    text: str
    why: str


@dataclass(frozen=True)
class Procedure:
    """A document as it was understood; what is not there is empty."""

    title: str
    path: str
    sha256: str
    """Of the document's bytes."""
    owner: str = ""
    updated: str = ""
    """As written, like every date here."""
    next_review: str = ""
    criteria: tuple[Criterion, ...] = ()
    matrix: tuple[MatrixLine, ...] = ()
    checklists: tuple[Checklist, ...] = ()
    options: tuple[OptionText, ...] = ()
    contacts: tuple[Contact, ...] = ()
    escalation: tuple[EscalationRule, ...] = ()
    messages: tuple[Message, ...] = ()
    sign_off: tuple[SignOff, ...] = ()
    links: tuple[Link, ...] = ()
    headings: tuple[Heading, ...] = ()
    texts: tuple[Prose, ...] = ()
    tables: tuple[TableRead, ...] = ()
    not_understood: tuple[NotUnderstood, ...] = ()
