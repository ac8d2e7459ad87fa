"""The built-in procedure carries every fact of the procedure it stands for: compared with a table written by hand."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from actions.model.affirming import LOSS, RESTORE
from actions.model.checklist import AFTER, BEFORE, Kind, Phase
from actions.model.codec import from_json, to_json
from actions.model.procedure import BRANCHES, OptionText, Procedure
from actions.model.procedure_check import reasons
from app.procedure_check import BUILT_IN, built_in

CRITERIA: dict[str, tuple[str, list[list[str]]]] = {
    "Critical": (
        "roll back at once",
        [
            ["does not start", "crashing"],
            ["database connections", "everything"],
            ["security hole"],
            ["corrupted", "lost"],
            ["nobody", "log in"],
            ["payment", "financial"],
            ["core function"],
        ],
    ),
    "High": (
        "roll back within 1-2 hours",
        [
            ["major feature", "more than 50 %"],
            ["performance", "more than 50 %", "5x"],
            ["queries", "critical operations", "database"],
            ["admin"],
            ["e-mail notifications"],
            ["calendar", "scheduling"],
        ],
    ),
    "Medium": (
        "watch and fix forward",
        [
            ["small", "user interface"],
            ["not critical", "under 10 %"],
            ["performance", "under 30 %"],
            ["visual flaws"],
            ["error messages", "block nobody"],
        ],
    ),
}
MATRIX = [
    ("Critical", 80, 100, True, False, "High", "ROLLBACK", 15 * 60),
    ("High", 50, 80, False, False, "Medium", "ROLLBACK", 2 * 3600),
    ("Medium", 10, 50, False, False, "Low", "Fix forward", 8 * 3600),
    ("Low", 0, 10, False, True, "None", "Fix forward", None),
]
LISTS = [
    (Phase.BEFORE, "Assessment", 300, 600, ["deployment", "service outside"]),
    (Phase.BEFORE, "Assessment", 300, 600, ["error messages", "endpoints", "reports of users"]),
    (Phase.BEFORE, "Assessment", 300, 600, ["error rate", "response times", "load of the database"]),
    (Phase.BEFORE, "Assessment", 300, 600, ["time of the deployment"]),
    (Phase.BEFORE, "Assessment", 300, 600, ["blast radius", "users", "features"]),
    (Phase.BEFORE, "Communication", 120, 300, ["management", "developers", "support"]),
    (Phase.BEFORE, "Communication", 120, 300, ["looking into a deployment problem, a rollback may follow"]),
    (Phase.BEFORE, "Communication", 120, 300, ["maintenance notice", "if users need one"]),
    (Phase.BEFORE, "Backup", None, 300, ["snapshot", "database", "never roll back without a current backup"]),
    (Phase.BEFORE, "Backup", None, 300, ["logs", "errors", "exported"]),
    (Phase.BEFORE, "Backup", None, 300, ["environment variables"]),
    (Phase.AFTER, "Stability", None, 1800, ["critical workflows", "login", "dashboard", "mana"]),
    (Phase.AFTER, "Stability", None, 1800, ["error rates", "logs"]),
    (Phase.AFTER, "Stability", None, 1800, ["response times"]),
    (Phase.AFTER, "Stability", None, 1800, ["queries", "database"]),
    (Phase.AFTER, "Telling people", None, 1800, ["stakeholders", "rollback done, system stable"]),
    (Phase.AFTER, "Telling people", None, 1800, ["users", "solved, service is back"]),
    (Phase.AFTER, "Telling people", None, 1800, ["incident report"]),
    (Phase.AFTER, "Monitoring", None, 1800, ["watch", "24 hours"]),
    (Phase.AFTER, "Monitoring", None, 1800, ["recurring problems"]),
    (Phase.AFTER, "Monitoring", None, 1800, ["reports of users"]),
    (Phase.AFTER_24H, "Root cause", None, 86400, ["what went wrong"]),
    (Phase.AFTER_24H, "Root cause", None, 86400, ["failure mode"]),
    (Phase.AFTER_24H, "Root cause", None, 86400, ["why tests missed it"]),
    (Phase.AFTER_24H, "Root cause", None, 86400, ["ticket", "real fix"]),
    (Phase.AFTER_24H, "Process", None, 86400, ["tests against recurrence"]),
    (Phase.AFTER_24H, "Process", None, 86400, ["staging checklist"]),
    (Phase.AFTER_24H, "Process", None, 86400, ["monitoring", "alerts"]),
    (Phase.AFTER_24H, "Process", None, 86400, ["approval of deployments"]),
    (Phase.AFTER_24H, "Forward fix", None, 86400, ["own branch"]),
    (Phase.AFTER_24H, "Forward fix", None, 86400, ["tested thoroughly"]),
    (Phase.AFTER_24H, "Forward fix", None, 86400, ["staging"]),
    (Phase.AFTER_24H, "Forward fix", None, 86400, ["scheduled carefully"]),
    (Phase.PREVENTION, "Testing", None, None, ["full suite", "99 %+"]),
    (Phase.PREVENTION, "Testing", None, None, ["integration tests", "critical workflows"]),
    (Phase.PREVENTION, "Testing", None, None, ["performance regressions"]),
    (Phase.PREVENTION, "Testing", None, None, ["security scans"]),
    (Phase.PREVENTION, "Staging", None, None, ["staging first", "always"]),
    (Phase.PREVENTION, "Staging", None, None, ["rehearsal checklist"]),
    (Phase.PREVENTION, "Staging", None, None, ["acceptance test", "real users", "5-7 days"]),
    (Phase.PREVENTION, "Staging", None, None, ["load test", "realistic data"]),
    (Phase.PREVENTION, "Gradual", None, None, ["low traffic"]),
    (Phase.PREVENTION, "Gradual", None, None, ["feature flags"]),
    (Phase.PREVENTION, "Gradual", None, None, ["canary", "10 % of users"]),
    (Phase.PREVENTION, "Gradual", None, None, ["close watch", "2 hours"]),
    (Phase.PREVENTION, "Backups", None, None, ["automatic", "daily"]),
    (Phase.PREVENTION, "Backups", None, None, ["restorable"]),
    (Phase.PREVENTION, "Backups", None, None, ["7 days"]),
    (Phase.PREVENTION, "Backups", None, None, ["documented"]),
    (Phase.PREVENTION, "Watching", None, None, ["error rate"]),
    (Phase.PREVENTION, "Watching", None, None, ["response time"]),
    (Phase.PREVENTION, "Watching", None, None, ["queries", "database"]),
    (Phase.PREVENTION, "Watching", None, None, ["cpu", "memory"]),
]
OPTIONS = {
    "coolify": ("5-10 min, total about 10", 300, 600, ["low"], ["code", "configuration"]),
    "compose": ("10-15 min", 600, 900, ["low"], ["code", "configuration"]),
    "git": ("10-15 min, total about 15", 600, 900, ["medium"], ["code only"]),
    "database": (
        "30-60 min, total 45-60",
        1800,
        3600,
        ["high", "may lose data", "all data that came after the backup"],
        ["database changes that broke everything", "completely broken and no forward fix exists and losing the data"],
    ),
}
STEPS = {
    "coolify": [
        (["open", "deployments"], []),
        (["last good", "commit", "deployment id"], []),
        (["again"], []),
        (["logs", "{health}"], []),
        (["/", "/ready/", "/admin/"], ["{url}/", "{url}/ready/", "{url}/admin/"]),
    ],
    "compose": [
        (["host", "project's folder"], ["ssh {host}", "cd {project}"]),
        (["image tags"], ["docker image ls {image}"]),
        (["previous tag", "{compose_file}"], []),
        (["pull"], ["pull", "up -d"]),
        (["logs of web"], ["logs --follow", "web"]),
        (["/health/", "8000"], ["{port}/health/"]),
    ],
    "git": [
        (["last good commit", "log"], ["git log"]),
        (["rollback-emergency-<yyyymmdd-hhmm>"], ["git branch rollback-emergency-"]),
        (["push"], ["git push {remote}"]),
        (["deploy that branch", "coolify change the application's branch", "otherwise run the pipeline"], []),
        (["health"], ["/health/"]),
    ],
    "database": [
        (["stop web and celery"], ["stop web celery"]),
        (["backup from before the deployment exists"], ["{backups}"]),
        (["present state", "before_rollback_<timestamp>.sql.gz"], ["pg_dump", "before_rollback_{timestamp}.sql.gz"]),
        (["restore the backup"], ["psql", "{backup}"]),
        (["start"], ["start web celery"]),
        (["check the data", "count", "auth_user"], ["count(*) FROM auth_user"]),
    ],
    "migration": [
        (["half-way", "fake it if the schema did not change", "prepared sql"], ["migrate --fake"]),
        (["completed, but breaks things", "previous migration", "common 0015_..."], ["migrate {app}"]),
        (["irreversible", "option 3", "written by hand", "new migration"], []),
    ],
}
PEOPLE = [
    ("DevOps Lead", "tech-lead@example.org", "carries out the rollback"),
    ("Database Admin", "dba@example.org", "database operations"),
    ("Tech Manager", "tech-mgr@example.org", "decides"),
    ("OOBC Director", "director@example.org", "talks to stakeholders"),
]
DECIDES = [
    (0, 900, ("DevOps Lead",), ""),
    (900, None, ("Tech Manager",), ""),
    (0, None, ("Database Admin", "Tech Manager"), "database"),
]
PRINTED = {
    Phase.BEFORE: [
        "issue verified and documented",
        "stakeholders told",
        "database backup made",
        "logs exported",
        "decision approved",
    ],
    Phase.CARRY_OUT: [
        "last good version identified",
        "deployment reverted (Docker or Git)",
        "application restarted",
        "health endpoints verified",
        "critical workflows tested",
    ],
    Phase.AFTER: [
        "stability confirmed",
        "users told",
        "incident report begun",
        "root-cause analysis scheduled",
        "forward fix planned",
    ],
}
MESSAGES = [
    ("stakeholders", Phase.BEFORE, "looking into a deployment problem"),
    ("users", Phase.BEFORE, "maintained"),
    ("stakeholders", Phase.AFTER, "rollback done, system stable"),
    ("users", Phase.AFTER, "solved, the service is back"),
]
DOCUMENTS = [
    ("staging rehearsal checklist", ""),
    ("production deployment guide", ""),
    ("backup and recovery procedures", "still to be written"),
    ("incident response plan", "still to be written"),
]


@pytest.fixture(scope="module")
def procedure() -> Procedure:
    return built_in()


def missing(words: list[str], text: str) -> list[str]:
    return [word for word in words if word.lower() not in text.lower()]


def test_it_is_understood_and_can_be_flown(procedure: Procedure) -> None:
    """Nothing of it is not understood, nothing speaks against flying it, and it survives being kept in a record."""
    assert procedure.not_understood == ()
    assert reasons(procedure) == ()
    assert from_json(Procedure, to_json(procedure)) == procedure


def test_its_own_facts(procedure: Procedure) -> None:
    """Owner, dates and the first principle."""
    assert (procedure.owner, procedure.updated, procedure.next_review) == (
        "DevOps Team / OOBC Technical Lead",
        "2 October 2025",
        "January 2026",
    )
    said = " ".join(one.text for one in procedure.texts)
    assert not missing(
        ["no deployment without a plan for going back", "the worst row wins", "says which of them"], said
    )


@pytest.mark.parametrize("level", CRITERIA)
def test_when_to_go_back(procedure: Procedure, level: str) -> None:
    """Every criterion at its level, with what is to be done."""
    action, wanted = CRITERIA[level]
    found = [one for one in procedure.criteria if one.level == level]
    assert {one.action for one in found} == {action}
    assert len(found) == len(wanted)
    assert [missing(words, one.text) for words, one in zip(wanted, found, strict=True)] == [[]] * len(wanted)
    assert [one.when for one in found if "payment" in one.text] == (["payments"] if level == "Critical" else [])


def test_the_matrix(procedure: Procedure) -> None:
    """Four rows, worst first."""
    rows = [
        (r.severity, r.users_low, r.users_high, r.low_open, r.high_open, r.data_risk, r.decision, r.within_s)
        for r in procedure.matrix
    ]
    assert rows == MATRIX


@pytest.mark.parametrize(("phase", "name", "low", "high", "wanted"), LISTS, ids=lambda value: str(value)[:40])
def test_an_item_is_in_its_list(
    procedure: Procedure, phase: Phase, name: str, low: int | None, high: int | None, wanted: list[str]
) -> None:
    """Each item of before, after, the day after and prevention, in a list of that phase and time box."""
    lists = [one for one in procedure.checklists if one.phase is phase and one.name.startswith(name) and not one.paper]
    assert {(one.time_box_low_s, one.time_box_s) for one in lists} == {(low, high)}
    assert [item for one in lists for item in one.items if not missing(wanted, item.text)]


def test_before_takes_12_to_20_minutes(procedure: Procedure) -> None:
    """Its heading says what its parts add up to."""
    boxes = [one for one in procedure.checklists if one.phase is Phase.BEFORE and not one.paper]
    sums = (sum(one.time_box_low_s or one.time_box_s or 0 for one in boxes), sum(one.time_box_s or 0 for one in boxes))
    assert sums == (12 * 60, 20 * 60)
    assert "(12-20 minutes)" in BUILT_IN.read_text(encoding="utf-8")


def test_the_gate(procedure: Procedure) -> None:
    """The current backup is sensed and is the one gate that is always there."""
    gates = [item for one in procedure.checklists for item in one.items if item.gate and item.when not in BRANCHES]
    always = [item for item in gates if item.when != RESTORE]
    assert [(item.sensor, item.kind) for item in always] == [("backup.current", Kind.SENSED)]
    affirmed = [item.text for item in gates if item.when == RESTORE]
    assert len(affirmed) == 3, "I00: broken, no fix forward, the loss is acceptable"
    assert [LOSS in text for text in affirmed] == [False, False, True], "the last over the computed number"


def options(procedure: Procedure) -> dict[str, OptionText]:
    return {one.option: one for one in procedure.options if one.declared}


@pytest.mark.parametrize("name", OPTIONS)
def test_a_way_back(procedure: Procedure, name: str) -> None:
    """Duration, risk and what it is good for."""
    written, low, high, risk, good_for = OPTIONS[name]
    option = options(procedure)[name]
    assert (option.duration, option.duration_low_s, option.duration_high_s) == (written, low, high)
    assert not missing(risk, option.risk)
    assert not missing(good_for, option.good_for)


@pytest.mark.parametrize("name", STEPS)
def test_its_steps(procedure: Procedure, name: str) -> None:
    """Each step in its place with its commands."""
    steps = options(procedure)[name].steps
    assert len(steps) == len(STEPS[name])
    for (wanted, commands), step in zip(STEPS[name], steps, strict=True):
        assert not missing(wanted, step.text)
        assert not missing(commands, "\n".join(block.runs for block in step.commands))


def test_commands_hold_no_constants_of_one_system() -> None:
    """Hosts, paths, names and roles come from the configuration."""
    text = BUILT_IN.read_text(encoding="utf-8")
    assert not re.findall(r"/opt/|obcms|2273691|barmm|gov\.ph|docker-compose\.prod", text)
    assert set(re.findall(r"[\w.-]+@([\w.-]+)", text)) == {"example.org"}


def test_people_and_who_decides(procedure: Procedure) -> None:
    """Roles with their duties, and who may decide when."""
    assert [(one.role, one.address, one.duty) for one in procedure.contacts] == PEOPLE
    assert [(one.from_s, one.within_s, one.roles, one.about) for one in procedure.escalation] == DECIDES


@pytest.mark.parametrize("phase", PRINTED)
def test_the_printed_checklist(procedure: Procedure, phase: Phase) -> None:
    """Fifteen items in three parts."""
    printed = [one for one in procedure.checklists if one.paper and one.phase is phase]
    assert [[item.text for item in one.items] for one in printed] == [PRINTED[phase]]


def test_sign_off(procedure: Procedure) -> None:
    """Executed, when, verified."""
    assert [one.name for one in procedure.sign_off] == ["Executed by", "Date and time", "Verified by"]


@pytest.mark.parametrize(("to", "phase", "words"), MESSAGES)
def test_messages(procedure: Procedure, to: str, phase: Phase, words: str) -> None:
    """What is told, to whom and when."""
    assert [one for one in procedure.messages if (one.to, one.phase) == (to, phase) and words in one.text.lower()]


def test_the_drill(procedure: Procedure) -> None:
    """Every quarter, in six steps, the next one in January 2026."""
    drill = next(one for one in procedure.options if one.name.startswith("Drill"))
    assert not missing(["every quarter", "January 2026"], drill.name)
    wanted = [["test environment"], ["simulate a failure"], ["roll back"], ["verify"], ["findings"], ["update"]]
    assert [missing(words, step.text) for words, step in zip(wanted, drill.steps, strict=True)] == [[]] * 6


def test_related_documents(procedure: Procedure) -> None:
    """Four, two of which are still to be written."""
    found = [(one.text.lower(), one.note) for one in procedure.links]
    assert len(found) == 4
    for (name, note), (text, said) in zip(DOCUMENTS, found, strict=True):
        assert name in text
        assert note in said


def test_codes_stay_those_of_the_list_that_is_flown(procedure: Procedure) -> None:
    """The items of the list that is flown today keep their codes; all codes are unique; none is a plan step's."""
    items = [item for one in procedure.checklists for item in one.items]
    assert not [code for code, times in Counter(item.code for item in items).items() if times > 1]
    since = {"A3": "monitoring.kept", "S1": "critical.workflows"}
    sensors = {item.code: item.sensor if item.sensor != since.get(item.code) else "" for item in items}
    flown = {item.code: item.sensor for item in (*BEFORE, *AFTER)}
    assert {code: sensors.get(code) for code in flown} == flown
    assert not [item.code for item in items if re.match(r"[BXP]\d", item.code)]


def test_it_is_part_of_the_package() -> None:
    """What is installed holds the document, beside the module that reads it."""
    config = (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    assert 'packages = ["app", "widgets", "actions"]' in config
    assert BUILT_IN.is_relative_to(Path(__file__).parents[2] / "app")
    assert BUILT_IN.is_file()
