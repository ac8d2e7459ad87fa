"""The schema verdict, over every combination that a table of migrations and two releases can be in."""

from __future__ import annotations

import pytest

from actions.model.codec import from_json, to_json
from actions.model.migrations import (
    Dropped,
    GoBack,
    Inside,
    Known,
    Migration,
    Recorded,
    SchemaVerdict,
    Verdict,
    forward,
    strangers,
    verdict,
)


def m(text: str) -> Migration:
    app, _, name = text.partition(".")
    return Migration(app, name)


def rows(text: str) -> tuple[Recorded, ...]:
    return tuple(Recorded(m(word)) for word in text.split())


def known(text: str, **parts: object) -> Known:
    """`shop.2<shop.1,people.1` stands on two others."""
    name, _, parents = text.partition("<")
    return Known(m(name), tuple(m(one) for one in parents.split(",") if one), **parts)  # type: ignore[arg-type]


def inside(text: str, *more: Known, **parts: object) -> Inside:
    return Inside((*(known(word) for word in text.split()), *more), **parts)  # type: ignore[arg-type]


ONE = "people.1 shop.1<people.1"
TWO = f"{ONE} people.2<people.1 shop.2<shop.1,people.2 shop.3<shop.2"
RAN = "people.1 shop.1 people.2 shop.2 shop.3"


def test_everything_known_is_safe() -> None:
    """SAFE: everything that is recorded is known to the target; what runs is not even asked."""
    found = verdict(rows("people.1 shop.1"), inside(ONE))
    assert (found.verdict, found.unknown, found.missing) == (Verdict.SAFE, (), ())
    assert "all 2 recorded" in found.why


def test_what_the_target_would_apply_is_a_note() -> None:
    """A target that is newer than the database is no danger to the data, but starting it migrates: said."""
    found = verdict(rows("people.1 shop.1"), inside(TWO))
    assert found.verdict is Verdict.SAFE
    assert found.missing == (m("people.2"), m("shop.2"), m("shop.3"))


def test_reverse_first_names_each_apps_way_in_order() -> None:
    """REVERSE FIRST: which app to which migration, in an order in which each reversal takes what it says."""
    found = verdict(rows(RAN), inside(ONE), inside(TWO))
    assert found.verdict is Verdict.REVERSE_FIRST
    assert found.unknown == (m("shop.3"), m("shop.2"), m("people.2"))
    # people to 1 takes shop.2 and shop.3 with it, for they stand on people.2: one reversal is enough
    assert found.back == (GoBack("people", "1", (m("shop.3"), m("shop.2"), m("people.2"))),)


def test_two_apps_that_do_not_stand_on_each_other_are_two_reversals() -> None:
    """Each app gets its own way back."""
    both = "a.1 a.2<a.1 b.1 b.2<b.1 b.3<b.2"
    found = verdict(rows("a.1 b.1 a.2 b.2 b.3"), inside("a.1 b.1"), inside(both))
    assert found.back == (GoBack("b", "1", (m("b.3"), m("b.2"))), GoBack("a", "1", (m("a.2"),)))


def test_a_new_app_goes_back_to_zero() -> None:
    """An app that the target does not have is taken back whole."""
    found = verdict(rows("a.1 n.1 n.2"), inside("a.1"), inside("a.1 n.1<a.1 n.2<n.1"))
    assert found.back == (GoBack("n", "zero", (m("n.2"), m("n.1"))),)


def test_one_that_cannot_be_taken_back_makes_all_irreversible() -> None:
    """IRREVERSIBLE: which and why, and the ways that are left; no reversal is offered, not even of the others."""
    running = inside("a.1", known("a.2<a.1", one_way=("Raw Python operation",)), known("a.3<a.2"))
    found = verdict(rows("a.1 a.2 a.3"), inside("a.1"), running)
    assert found.verdict is Verdict.IRREVERSIBLE
    assert found.one_way == ("a.2: Raw Python operation",)
    assert found.back == ()
    assert [way.split()[0] for way in found.ways] == ["restore", "write", "fix"]


def test_one_way_below_what_the_target_knows_is_no_matter() -> None:
    """Only what would be taken back counts."""
    running = inside("a.3<a.2", known("a.1", one_way=("x",)), known("a.2<a.1", one_way=("y",)))
    target = inside("a.2<a.1", known("a.1"))
    assert verdict(rows("a.1 a.2 a.3"), target, running).verdict is Verdict.REVERSE_FIRST


def test_what_is_lost_is_told() -> None:
    """Columns and tables that go, reversals that do nothing, and what may stay half done, stand in the verdict."""
    running = inside(
        "a.1",
        known("a.2<a.1", drops=(Dropped("t", "c"), Dropped("u", "x")), noops=("Raw SQL operation",), atomic=False),
        known("a.3<a.2", drops=(Dropped("u"), Dropped("t", "c"))),
    )
    found = verdict(rows("a.1 a.2 a.3"), inside("a.1"), running)
    assert found.drops == (Dropped("u"), Dropped("t", "c")), "no column of a table that goes itself, each once"
    assert found.noops == ("a.2: Raw SQL operation",)
    assert found.not_atomic == (m("a.2"),)


@pytest.mark.parametrize(
    ("recorded", "target", "running", "words"),
    [
        (None, inside("a.1"), None, "no table django_migrations"),
        ((), inside("a.1"), None, "an empty record proves nothing"),
        (rows("a.1"), inside(""), None, "holds no migration at all"),
        (rows("a.1"), Inside(unknown="no such image"), None, "no such image"),
        (rows("a.1 a.2"), inside("a.1"), None, "it was not asked"),
        (rows("a.1 a.2"), inside("a.1"), Inside(unknown="SECRET_KEY is missing"), "SECRET_KEY is missing"),
        (rows("a.1 a.2"), inside("a.1"), inside("a.1 a.2", weak="only files"), "only files"),
        (rows("a.1 a.2 a.3"), inside("a.1"), inside("a.1 a.2"), "a.3 is recorded, but neither"),
        (rows("a.1 b.1"), inside("a.1"), inside("a.1"), "b.1 is recorded, but neither"),
    ],
)
def test_what_cannot_be_learnt_is_unknown(
    recorded: tuple[Recorded, ...] | None, target: Inside, running: Inside | None, words: str
) -> None:
    """UNKNOWN says why, and is never taken for SAFE."""
    found = verdict(recorded, target, running)
    assert found.verdict is Verdict.UNKNOWN
    assert words in found.why
    assert found.back == ()


def test_rows_of_an_app_that_is_long_gone_do_not_block() -> None:
    """An app that neither release has, older than what the target applied: the target has lived with it."""
    found = verdict(rows("a.1 old.1 a.2"), inside("a.1 a.2"), inside("a.1 a.2"))
    assert found.verdict is Verdict.SAFE
    assert "left from an app" in found.notes[0]


def test_a_renamed_app_is_never_taken_back() -> None:
    """`common` became `core` in the record: a reversal would drop all its tables, so none is offered."""
    target = inside("common.0001_initial common.0002_x a.1")
    running = inside("core.0001_initial core.0002_x<core.0001_initial a.1")
    found = verdict(rows("core.0001_initial core.0002_x a.1"), target, running)
    assert found.verdict is Verdict.UNKNOWN
    assert "common seems to be core now" in found.why


SQUASH = known("a.1_2", replaces=(m("a.1"), m("a.2")))


@pytest.mark.parametrize(
    ("recorded", "target", "running", "wanted"),
    [
        ("a.1 a.2", inside("", SQUASH), None, Verdict.SAFE),  # the target has squashed, the originals are deleted
        ("a.1 a.2 a.1_2", inside("a.1 a.2"), inside("a.1 a.2", SQUASH), Verdict.SAFE),  # what runs has squashed
        ("a.1_2", inside("a.1 a.2"), inside("", SQUASH), Verdict.SAFE),  # made by the squashed one alone
        ("a.1 a.2 a.1_2", inside("a.1"), inside("a.1 a.2", SQUASH), Verdict.IRREVERSIBLE),  # a part is foreign
    ],
)
def test_squashed_migrations(recorded: str, target: Inside, running: Inside | None, wanted: Verdict) -> None:
    """A squashed migration is what it stands for; one that is only in part foreign cannot be taken apart."""
    assert verdict(rows(recorded), target, running).verdict is wanted


def test_a_squashed_migration_that_is_all_foreign_goes_back_as_one() -> None:
    """Django takes it back as one, and so do we."""
    squash = known("a.2_3<a.1", replaces=(m("a.2"), m("a.3")), drops=(Dropped("t", "c"),))
    found = verdict(rows("a.1 a.2 a.3 a.2_3"), inside("a.1"), inside("a.1", squash))
    assert found.back == (GoBack("a", "1", (m("a.2_3"),)),)
    assert found.drops == (Dropped("t", "c"),)


def test_what_a_squash_would_apply() -> None:
    """A note on what is missing says what Django would apply: the squashed one, or the rest of its parts."""
    parts = (known("a.1"), known("a.2<a.1"))
    assert verdict(rows("b.1"), inside("b.1", *parts, SQUASH)).missing == (m("a.1_2"),)
    assert verdict(rows("b.1 a.1"), inside("b.1", *parts, SQUASH)).missing == (m("a.2"),)
    assert verdict(rows("b.1 a.1 a.2"), inside("b.1", *parts, SQUASH)).missing == ()


def test_a_merge_that_the_target_does_not_know_goes_back() -> None:
    """Both branches are known, the merge is not: one step back from either of them."""
    target = "a.1 a.2x<a.1 a.2y<a.1"
    found = verdict(rows("a.1 a.2x a.2y a.3m"), inside(target), inside(f"{target} a.3m<a.2x,a.2y"))
    assert found.verdict is Verdict.REVERSE_FIRST
    (only,) = found.back
    assert only.takes == (m("a.3m"),)
    assert only.to in ("2x", "2y")


def test_a_branch_beside_what_the_target_knows_cannot_be_reached() -> None:
    """`migrate a 1` would take 2x back as well, which the target needs: that is not offered as a reversal."""
    found = verdict(rows("a.1 a.2x a.2y a.3m"), inside("a.1 a.2x<a.1"), inside("a.1 a.2x<a.1 a.2y<a.1 a.3m<a.2x,a.2y"))
    assert found.verdict is Verdict.IRREVERSIBLE
    assert found.one_way == ("a.2y: no reversal takes it back without others that the target knows",)


def test_other_apps_that_stand_on_it_and_are_known_make_it_irreversible() -> None:
    """b.1 is known to the target and stands on a.2: taking a.2 back would take b.1 with it."""
    found = verdict(rows("a.1 a.2 b.1"), inside("a.1 b.1"), inside("a.1 a.2<a.1 b.1<a.2"))
    assert found.verdict is Verdict.IRREVERSIBLE


def test_a_list_of_files_judges_its_own_apps_alone() -> None:
    """Without Django, apps of other packages cannot be judged: said, and only the project's own are compared."""
    target = inside("shop.1", weak="a list of files")
    found = verdict(rows("auth.1 shop.1"), target, inside("auth.1 shop.1", own=("shop",)))
    assert found.verdict is Verdict.SAFE
    assert "names of files alone, and only shop" in found.notes[0]
    newer = verdict(
        rows("auth.1 shop.1 shop.2 news.1"), target, inside("auth.1 shop.1 shop.2<shop.1 news.1", own=("shop", "news"))
    )
    assert newer.verdict is Verdict.REVERSE_FIRST
    assert [row.app for row in newer.back] == ["news", "shop"]


def test_strangers_tell_whether_what_runs_must_be_asked() -> None:
    """The running code is only asked when the target does not know everything."""
    assert strangers(rows(RAN), inside(TWO)) == ()
    assert strangers(rows(RAN), inside(ONE)) == (m("people.2"), m("shop.2"), m("shop.3"))
    assert strangers(None, inside(ONE)) == ()


def test_a_verdict_goes_through_json() -> None:
    """It stands in plans and records, and is read again as it was."""
    found = verdict(rows(RAN), inside(ONE), inside(TWO))
    assert from_json(SchemaVerdict, to_json(found), "verdict") == found


def test_five_hundred_migrations_in_a_chain_take_no_time() -> None:
    """Real projects have hundreds: no recursion, no product of all with all."""
    chain = " ".join(["a.0", *(f"a.{n}<a.{n - 1}" for n in range(1, 500))])
    found = verdict(rows(" ".join(f"a.{n}" for n in range(500))), inside("a.0"), inside(chain))
    assert found.back[0].to == "0"
    assert len(found.back[0].takes) == 499


def test_what_is_taken_back_is_applied_again_by_its_newest() -> None:
    """The undo asks for the newest of each branch; each is applied once, what it stands on before it."""
    code = inside("a.1 a.2<a.1 b.1 b.2<b.1,a.2 c.1<a.1")
    found = verdict(rows("a.1 b.1 a.2 b.2 c.1"), inside("a.1 b.1"), code)
    again = forward(found.back, code)
    assert sorted(one for row in again for one in map(str, row.takes)) == ["a.2", "b.2", "c.1"]
    by_app = {row.app: row for row in again}
    assert by_app["b"] == GoBack("b", "2", (m("a.2"), m("b.2")))
    assert by_app["c"] == GoBack("c", "1", (m("c.1"),))
