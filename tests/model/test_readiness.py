"""The readiness card: what can be sensed is sensed, what CI says is shown with its source, the rest is not known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from actions.gateways.markdown import read_procedure
from actions.model import readiness_backups
from actions.model.checklist import State
from actions.model.configured_watch import presence
from actions.model.errors import BadInput
from actions.model.incident import Mark
from actions.model.procedure import SENSORS, Procedure
from actions.model.procedure_line import Around, Look
from actions.model.procedure_sheet import sheet
from actions.model.readiness import Card, Known, Standing, card, deployed_words
from actions.model.readiness_backups import Proof
from actions.model.readiness_file import MOST_ITEMS, Said, file_of, parse
from actions.model.release import Release
from actions.model.sensing import CONFIGURED, FROM_INCIDENT, Reading, can_sense
from actions.model.system_watch import ReadinessTable

DOCUMENT = """# Going back

## Before

- [ ] Looked <!-- code: A1 -->

## Prevention

### Testing

- [ ] The full suite passes (99 %+) <!-- code: V1 -->
- [ ] Integration tests <!-- code: V2 -->

### Backups

- [ ] Automatic and daily <!-- code: V13 --> <!-- sensed: backups.daily --> <!-- when: database -->
- [ ] Proven to be restorable <!-- code: V14 --> <!-- sensed: backups.restorable --> <!-- when: database -->
- [ ] Kept for 7 days <!-- code: V15 --> <!-- sensed: backups.kept --> <!-- when: database -->

### Watching

- [ ] Error rate is monitored <!-- code: V17 --> <!-- sensed: configured.errors -->
- [ ] CPU and memory are monitored <!-- code: V20 --> <!-- sensed: configured.resources -->
"""
DAY = 24 * 3600
HOUR = 3600


@pytest.fixture
def procedure(tmp_path: Path) -> Procedure:
    path = tmp_path / "procedure.md"
    path.write_text(DOCUMENT)
    read = read_procedure(path)
    assert not read.not_understood
    return read


def of(made: Card, code: str) -> tuple[Standing, str]:
    row = next(row for row in made.rows if row.code == code)
    return row.standing, row.why


def test_each_item_says_how_it_is_known(procedure: Procedure) -> None:
    """Sensed, said by CI, ticked by a person, or nobody said: and the card counts them."""
    known = Known(
        {"system": {"logs": ["/a", "/b"]}},
        {"V1": Said(True, "99.4 %", "ci", "2026-10-02"), "integration  tests.": Said(False, "3 of 9 flows")},
        {"V14": Mark(State.DONE, "ops1", "2026-11-22T10:00:00Z", "", "")},
        [3 * HOUR, 27 * HOUR],
        "/backups/*.gz",
    )
    made = card(procedure, "runs now: v3", known)
    assert of(made, "V1") == (Standing.READY, "99.4 %, ci, 2026-10-02")
    assert of(made, "V2") == (Standing.GAP, "3 of 9 flows, by nobody who is named")
    assert of(made, "V13") == (Standing.READY, "sensed: newest 3 h old")
    assert of(made, "V14") == (Standing.READY, "ticked by ops1 2026-11-22T10:00Z")
    assert of(made, "V15")[0] is Standing.GAP
    assert of(made, "V17") == (Standing.READY, "sensed: 2 log files followed")
    assert of(made, "V20")[0] is Standing.GAP
    assert made.words == "ready 4 of 7, 3 gaps"
    assert not made.notes
    assert card(procedure, "x", Known({})).words == "ready 0 of 7, 2 gaps, 5 not known"


def test_what_is_observed_comes_before_what_was_said(procedure: Procedure) -> None:
    """A file that says that errors are watched does not make it so; where nothing is sensed, it counts."""
    said = {"V17": Said(True, "yes"), "V14": Said(True, "restored into a scratch database", "nightly job")}
    made = card(procedure, "x", Known({}, said))
    assert of(made, "V17") == (
        Standing.GAP,
        "sensed: no logs are followed, expected [system] logs, or [compose]",
    )
    assert of(made, "V14") == (Standing.READY, "restored into a scratch database, nightly job")


def test_a_backup_is_not_called_restorable_before_one_was_restored(procedure: Procedure) -> None:
    """Read whole is less than restored, and said so; one that cannot be read is a gap."""
    assert of(card(procedure, "x", Known({})), "V14") == (Standing.NOT_KNOWN, "not proven by a restore yet")
    whole = Known({}, newest_backup=Reading(True, "a.gz, gzip -t passes"))
    assert of(card(procedure, "x", whole), "V14") == (
        Standing.NOT_KNOWN,
        "newest can be read whole (a.gz, gzip -t passes), but not proven by a restore yet",
    )
    torn = Known({}, {"V14": Said(True)}, newest_backup=Reading(False, "a.gz, gzip -t fails"))
    assert of(card(procedure, "x", torn), "V14")[0] is Standing.GAP


def test_what_does_not_apply_is_not_asked_for(procedure: Procedure) -> None:
    """A system without a database has no backups to show; what the document lacks is told."""
    made = card(procedure, "x", Known({"procedure": {"lacks": ["database"]}}, {"V99": Said(True)}))
    assert [row.code for row in made.rows] == ["V1", "V2", "V17", "V20"]
    assert made.notes == ("the file speaks of what the document lacks: V99",)


@pytest.mark.parametrize(
    ("ages", "ok", "words"),
    [
        ([], False, "no file /b"),
        ([HOUR], True, "newest 1 h old"),
        ([25 * HOUR], False, "newest 25 h old"),
        ([HOUR + DAY * day for day in range(9)], True, "newest 1 h old"),
        (
            [HOUR, HOUR + 3 * DAY, HOUR + 4 * DAY],
            False,
            "newest 1 h old, 1 gap in the last 7 days, the longest 3 d 0 h",
        ),
        ([HOUR, 30 * DAY], False, "newest 1 h old, 1 gap in the last 7 days, the longest 29 d 23 h"),
        ([HOUR + DAY * day for day in range(9)] + [60 * DAY], True, "newest 1 h old"),
        ([-30], True, "newest 0 s old"),
    ],
)
def test_daily_backups_are_judged_by_their_ages(ages: list[int], ok: bool, words: str) -> None:
    """Young enough, and none missed in the last week; what lies further back is not asked about."""
    found = readiness_backups.daily(ages, "/b")
    assert (found.ok, found.seen) == (ok, words)


def test_backups_are_kept_for_a_week() -> None:
    """The oldest tells."""
    assert readiness_backups.kept([HOUR, 7 * DAY], "/b").ok
    short = readiness_backups.kept([HOUR], "/b")
    assert (short.ok, short.seen) == (False, "1 file, the oldest 1 h old")
    assert not readiness_backups.kept([], "/b").ok


@pytest.mark.parametrize(
    ("sensor", "settings", "ok"),
    [
        ("configured.errors", {"compose": {"directory": "/x"}}, True),
        ("configured.errors", {}, False),
        ("configured.response", {"probe": [{"name": "a", "slow_ms": 5}, {"name": "b"}]}, True),
        ("configured.response", {"probe": [{"name": "a", "baseline_ms": 5}]}, True),
        ("configured.response", {"probe": [{"name": "a"}]}, False),
        ("configured.response", {"probe": [{"name": "a", "slow_ms": 5, "external": True}]}, False),
        ("configured.database", {"check": [{"name": "a", "load": True}]}, True),
        ("configured.database", {"database": {"backups": "/x"}}, True),
        ("configured.database", {"check": [{"name": "a"}]}, False),
        ("configured.resources", {"check": [{"name": "cpu"}, {"name": "Memory of app-1"}]}, True),
        ("configured.resources", {"check": [{"name": "host load"}, {"name": "mem"}]}, True),
        ("configured.resources", {"check": [{"name": "cpu"}]}, False),
        ("configured.resources", {"check": [{"name": "db load", "load": True}, {"name": "memory"}]}, False),
        ("configured.resources", {"check": [{"name": "program"}, {"name": "download"}]}, False),
    ],
)
def test_watching_is_read_off_the_configuration(sensor: str, settings: dict[str, Any], ok: bool) -> None:
    """Present or not, with what would have to be there."""
    found = presence(sensor, settings)
    assert found is not None
    assert found.ok is ok, found
    assert bool(found.expected) is not ok


def test_the_sensors_of_the_card_are_known_to_documents() -> None:
    """They can be bound; those of the configuration need no lookout, those of backups are the card's alone."""
    assert set(CONFIGURED) <= set(FROM_INCIDENT)
    assert {*CONFIGURED, "backups.daily", "backups.kept", "backups.restorable"} <= set(SENSORS)
    assert all(presence(sensor, {}) is not None for sensor in CONFIGURED)
    assert presence("errors.rate", {}) is None
    assert not can_sense("backups.daily", {"database": {"backups": "/x"}}), "in an incident a person ticks it"


def test_the_file_of_a_release_is_found_by_its_names() -> None:
    """Placeholders are filled in; a name that leads elsewhere is refused."""
    release = Release("release/1.2", commit="ab" * 20)
    assert file_of("/r/{sha}.json", release) == (f"/r/{'ab' * 20}.json", "")
    assert file_of("/r/{tag}.json", release) == ("/r/release-1.2.json", "")
    assert file_of("/r/now.json", None) == ("/r/now.json", "")
    assert file_of("/r/{name}.json", None) == ("", "not known which release it is for")
    assert file_of("/r/{sha}.json", Release("v1")) == ("", "v1 has no sha")
    for name in ("../../etc/passwd", "..", ".hidden", "-x", "a b", "a\x00b"):
        path, why = file_of("/r/{name}.json", Release(name))
        assert (path == "" and why) or "/../" not in path
        assert not path or (path.startswith("/r/") and path.count("/") == 2)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{", "/r.json:1:2: no JSON"),
        (b"\xff", "/r.json: not UTF-8, at byte 0"),
        (b"[]", '/r.json: "items" is missing or no object'),
        (b'{"items": []}', '/r.json: "items" is missing or no object'),
        (b'{"items": {"V1": true}}', '/r.json: items.V1: "ok" must be true or false'),
        (b'{"items": {"V1": {"ok": 1}}}', '/r.json: items.V1: "ok" must be true or false'),
        (b'{"items": {"V1": {"ok": true, "by": 7}}}', '/r.json: items.V1: "by" must be a text'),
        (b"[" * 200_000, "/r.json"),
        (b'{"items": {' + b",".join(b'"%d": {"ok": true}' % n for n in range(MOST_ITEMS + 1)) + b"}}", "501 items"),
        (b'{"items": {"\\u001b[2Jx": 1}}', "items."),
        (b'{"items": {"V1": {"ok": false}, "V1": {"ok": true}}}', "/r.json: 'V1' stands twice"),
        (b'{"items": {"V1": {"ok": false, "ok": true}}}', "/r.json: 'ok' stands twice"),
        (b'{"items": {}, "build": ' + b"9" * 5000 + b"}", "/r.json: a number of too many digits"),
    ],
)
def test_a_bad_file_is_one_clear_line(content: bytes, words: str) -> None:
    """File and place, and how it should look; nothing of it drives a terminal."""
    with pytest.raises(BadInput) as caught:
        parse(content, "/r.json")
    line = caught.value.line()
    assert words in line
    assert line.isprintable()
    assert len(line) < 400


def test_a_good_file_is_read() -> None:
    """The shape that is documented."""
    content = b'{"items": {"V1": {"ok": true, "seen": "99.4 %", "by": "ci", "at": "2026-10-02", "x": 1}}}'
    found = parse(content, "/r")
    assert parse(b"\xef\xbb\xbf" + content, "/r") == found, "as other systems write a file"
    assert found == {"V1": Said(True, "99.4 %", "ci", "2026-10-02")}
    assert deployed_words(found) == ""
    assert deployed_words({"a": Said(False), "b": Said(False)}) == "deployed with 2 gaps"


@pytest.mark.parametrize("file", ["/r/{ref}.json", "/r/{}.json", "r.json"])
def test_the_configuration_names_a_file_that_can_be_found(file: str) -> None:
    """Unknown placeholders and relative paths are refused when the configuration is read."""
    with pytest.raises(ValueError, match="file: "):
        ReadinessTable(file)
    assert ReadinessTable("/r/{sha}-{tag}-{name}.json").file


def test_the_page_shows_both_releases_where_they_differ(procedure: Procedure) -> None:
    """One line an item, a second one only where the target stands otherwise."""
    running = card(procedure, "runs now: v3", Known({}, {"V1": Said(False, "98.1 %", "ci")}))
    target = card(procedure, "target: v2", Known({}, {"V1": Said(True, "99.9 %", "ci")}))
    lines = sheet(procedure, Around(cards=(running, target)))
    texts = [line.text for line in lines]
    at = texts.index("Prevention")
    assert texts[at + 1 : at + 3] == [f"runs now: v3: {running.words}", f"target: v2: {target.words}"]
    first = texts.index("gap: V1 The full suite passes (99 %+): 98.1 %, ci")
    assert lines[first].look is Look.GAP
    assert (texts[first + 1], lines[first + 1].look) == ("ready: target: v2: 99.9 %, ci", Look.READY)
    assert texts[first + 2].startswith("not known: V2 Integration tests: nobody said")
    assert not any("V2" in text and "target" in text for text in texts)


def test_without_a_card_the_items_stand_as_before(procedure: Procedure) -> None:
    """A record that is read, and a page whose readings are still under way."""
    lines = sheet(procedure, Around(reading="being looked at ..."))
    texts = [line.text for line in lines]
    at = texts.index("Prevention")
    assert texts[at + 1 : at + 4] == ["being looked at ...", "Testing", "V1 The full suite passes (99 %+)"]


@pytest.mark.parametrize(
    ("age_s", "differences", "standing"),
    [(HOUR, 0, Standing.READY), (8 * DAY, 0, Standing.GAP), (HOUR, 2, Standing.GAP)],
)
def test_a_proven_restore_counts_for_a_week(
    procedure: Procedure, age_s: int, differences: int, standing: Standing
) -> None:
    """M13: what was restored and verified is told with its age; after a week it is a gap; a torn newest one is, too."""
    proof = Proof("a.dump", age_s, 1172, 40, differences)
    found, why = of(card(procedure, "x", Known({}, proof=proof)), "V14")
    assert found is standing
    assert "a.dump was restored and verified " in why
    assert "ago in 40 s, 1172 rows" in why
    torn = Known({}, proof=proof, newest_backup=Reading(False, "b.gz, gzip -t fails"))
    assert of(card(procedure, "x", torn), "V14")[0] is Standing.GAP
