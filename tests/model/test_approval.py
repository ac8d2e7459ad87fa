"""What a plan waits for, as tables: by way back, time, roles and who; on clocks that jump and after a restart."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from approving_book import PEOPLE, Answers, a_plan

from actions.model import events as ev
from actions.model.approval import NO_PEOPLE, answer_roles
from actions.model.approval_match import matched
from actions.model.approval_rules import Need, rules_of
from actions.model.approval_statement import approval_statement
from actions.model.blocking import Move, blocked_reason, move_for, next_move
from actions.model.incident import items
from actions.model.procedure import EscalationRule, Procedure

LEAD_OR_TECH: tuple[str, ...] = ("devops-lead or tech-manager",)
TECH: tuple[str, ...] = ("tech-manager",)
DATABASE: tuple[str, ...] = ("database-admin", "tech-manager")


@pytest.mark.parametrize(
    ("option", "minutes", "flies", "missing"),
    [
        ("git", 0, "lead1", ()),
        ("git", 14.99, "lead1", ()),
        ("git", 15, "lead1", TECH),
        ("git", 240, "lead1", TECH),
        ("compose", 3, "lead2", ()),
        ("compose", 16, "lead2", TECH),
        ("git", 3, "tech1", ()),
        ("git", 16, "tech1", TECH),
        ("git", 3, "dba1", LEAD_OR_TECH),
        ("git", 3, "guest1", LEAD_OR_TECH),
        ("git", 3, "stranger", LEAD_OR_TECH),
        ("git", 16, "guest1", TECH),
        ("database", 0, "lead1", DATABASE),
        ("database", 60, "lead1", DATABASE),
        ("database", 0, "dba1", DATABASE),
        ("database", 60, "tech1", DATABASE),
        ("database", 60, "both1", DATABASE),
    ],
)
@pytest.mark.parametrize("mode", ["live", "drill"])
def test_who_is_needed_by_time_way_back_and_who_flies(
    option: str, minutes: float, flies: str, missing: tuple[str, ...], mode: str
) -> None:
    """N05-N07: fifteen minutes alone for the DevOps Lead, then the Tech Manager; the database always both."""
    book = Answers(option=option, flies=flies, mode=mode).after(minutes)
    assert book.missing == missing
    assert bool(blocked_reason(book.incident, "X1", approval=book.state)) is bool(missing)


@pytest.mark.parametrize("who", [two for n in (0, 1, 2, 3) for two in itertools.combinations(
    ("lead1", "root", "lead2", "tech1", "dba1", "both1", "guest1", "stranger"), n)])  # fmt: skip
def test_the_database_wants_two_different_people_of_two_roles(who: tuple[str, ...]) -> None:
    """All combinations of three answers: unlocked exactly when one is a DBA, another a Tech Manager, none who flies."""
    book = Answers(option="database", flies="lead1").after(2)
    for login in who:
        book.given(login, roles=tuple(PEOPLE.get(login, {}).get("roles", ("tech-manager",))))
    dbas = {"dba1", "both1"} & set(who)
    techs = {"tech1", "both1"} & set(who)  # root is who flies, under another login
    unlocked = any(dba != tech for dba in dbas for tech in techs)
    assert (book.state.blocked == "") is unlocked, book.state.words


def test_the_one_who_flies_is_nobody_else_under_another_login() -> None:
    """N07: requester and approver are different people; two logins of one name are one."""
    book = Answers(flies="lead1").after(20)
    assert "somebody else" in answer_roles(book.incident, "root")[1]
    book.given("root")
    assert book.missing == TECH
    assert [why for _, why in book.state.uncounted] == ["given by the one who flies"]
    assert book.state.missing[0].who == ("tech1", "tech2", "both1")


def test_whoever_drew_or_asked_may_not_approve_after_handing_over() -> None:
    """Handing the lease over does not turn the author of a plan into its second pair of eyes."""
    book = Answers(flies="tech1").after(20)
    book.asked()
    book.add(ev.LeaseTaken("lead1", "jump", 2, "pts/2", 2, "shift ends", "tech1"), "lead1")
    book.given("tech1")
    assert book.missing == TECH
    book.given("tech2")
    assert not book.missing


def test_an_approver_who_takes_over_does_not_count_any_more() -> None:
    """Who flies cannot be who checks."""
    book = Answers(flies="lead1").after(20).given("tech1")
    assert not book.missing
    book.add(ev.LeaseTaken("tech1", "jump", 2, "pts/2", 2, "lead1 is ill", "lead1"), "tech1")
    assert book.missing == TECH


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"roles": ("database-admin",)}, "the role is not held"),
        ({"roles": ()}, "the role is not held"),
        ({"actor": "lead1"}, "entered at the login of lead1"),
        ({"actor": "tech2"}, "entered at the login of tech2"),
    ],
)
def test_what_does_not_count_says_why(more: dict[str, Any], why: str) -> None:
    """An answer that is no answer is shown, with its reason, and unlocks nothing."""
    book = Answers().after(20).given("tech1", **more)
    assert book.missing == TECH
    assert [one for _, one in book.state.uncounted] == [why]


def test_an_approval_by_phone_is_entered_by_the_one_who_flies() -> None:
    """N07: the code that was read back counts, and is named as what it is."""
    book = Answers().after(20).given("tech1", how="read back", actor="lead1")
    assert not book.missing
    assert "read back" in book.state.words


def test_a_changed_plan_voids_everything_and_an_equal_one_nothing() -> None:
    """N07: an approval is of one plan, by its hash; the answers stay in the record as void."""
    book = Answers().after(20).asked().given("tech1").denied("tech2")
    book.draw("v0")
    assert (book.missing, book.state.denied, book.state.given) == (TECH, (), ())
    assert [one.body.kind for one in book.state.void] == ["approval.given", "approval.denied"]
    assert "earlier answers are void" in book.state.words
    assert book.state.asked is None
    book.draw("v1")
    assert [one.by for one in book.state.given] == ["tech1"]
    assert [one.by for one in book.state.denied] == ["tech2"]


def test_a_denial_stands_until_the_same_person_approves() -> None:
    """As loud as a yes: other approvals do not outvote it, its reason is on the screen, NEXT is blocked by it."""
    book = Answers().after(20).asked().given("tech1").denied("tech2", "the backup is from Monday")
    assert "DENIED by Tech Two (tech2): the backup is from Monday" in book.state.words
    reason = blocked_reason(book.incident, "X1", approval=book.state)
    assert reason == book.state.words
    item = next(one for one in items(book.incident) if one.code == "X1")
    assert move_for(book.incident, item, approval=book.state).blocked == reason
    book.given("tech1")
    assert book.state.blocked
    book.given("tech2")
    assert (book.state.blocked, book.state.denied) == ("", ())
    book.denied("tech1")
    assert [one.by for one in book.state.denied] == ["tech1"]
    assert "tech1" not in [one.by for one in book.state.given]


def test_a_denial_counts_within_the_time_alone_but_not_from_just_anybody() -> None:
    """A Tech Manager may say no in the first fifteen minutes; somebody without a say is not heard as one."""
    book = Answers().after(2)
    assert not book.state.blocked
    book.denied("guest1")
    assert not book.state.blocked
    book.denied("tech1")
    assert book.state.blocked


@pytest.mark.parametrize(
    ("advance", "jump", "boot", "counts"),
    [
        (29.9, 0, "", True),
        (30, 0, "", False),
        (29, 7200, "", True),
        (29, -7200, "", True),
        (31, -7200, "", False),
        (31, 7200, "", False),
        (10, 0, "boot0002", True),
        (31, 0, "boot0002", False),
        (10, 7200, "boot0002", False),
        (10, -600 - 59, "boot0002", True),
        (10, -600 - 61, "boot0002", False),
    ],
)
def test_expiry_across_clock_jumps_and_restarts(advance: float, jump: float, boot: str, counts: bool) -> None:
    """Within a boot no setting of the wall clock makes it last; after one the wall counts, if it can be right."""
    book = Answers().after(20).given("tech1")
    book.after(advance)
    book.clock.jump(jump)
    if boot:
        book.clock.boot_name, book.clock.ticks = boot, 5_000
    assert bool(book.state.given) is counts
    assert bool(book.state.expired) is not counts


def test_an_expired_approval_is_named_and_asked_for_again() -> None:
    """Expiry is not silence: the row says whose approval ran out, and NEXT proposes to ask."""
    book = Answers().after(20).asked().given("tech1", minutes=5)
    book.after(6)
    assert book.state.words.startswith("the approval of tech1 has expired; needs tech-manager")
    assert book.state.can_ask
    book.asked()
    assert not book.state.can_ask
    book.given("tech1")
    assert (book.state.expired, book.state.blocked) == ((), "")


@pytest.mark.parametrize("expires", ["", "tomorrow", "2026-11-22T09:00:00.000000Z", "9999-99-99T00:00:00Z"])
def test_an_expiry_that_is_none_counts_as_over(expires: str) -> None:
    """What cannot be read does not unlock."""
    assert Answers().after(20).given("tech1", expires=expires).missing == TECH


def test_no_approval_lasts_longer_than_is_configured() -> None:
    """An event that claims a year still ends after `[approval] expires`."""
    book = Answers(settings={"approval": {"expires": "10m"}}).after(20).given("tech1", minutes=60 * 24 * 365)
    assert book.after(9).missing == ()
    assert book.after(2).missing == TECH


def test_the_switch_at_fifteen_minutes_while_waiting_asks_anew() -> None:
    """N06: what was asked of the DevOps Lead is asked of the Tech Manager when the time is up; the plan is held."""
    book = Answers(flies="dba1").after(14).asked()
    assert book.state.words == (
        "waits for devops-lead or tech-manager (lead1, lead2, tech1, tech2, both1, root may); asked 00:00 ago"
    )
    book.after(1.5)
    assert book.missing == TECH
    assert book.state.can_ask
    assert Answers(flies="dba1").after(14).given("tech1").after(3).missing == (), "given early, it counts later"
    assert Answers(flies="dba1").after(14).given("lead1").after(3).missing == TECH


def test_break_glass_unlocks_this_plan_and_a_later_no_locks_it_again() -> None:
    """N08: red, for one plan; a denial that comes after it is heard."""
    book = Answers().after(20)
    book.add(ev.GlassBroken(book.incident.plan_digest, "approval", TECH, "nobody answers"), "lead1")
    assert (book.state.blocked, bool(book.state.broken)) == ("", True)
    assert "BREAK-GLASS by lead1: nobody answers" in book.state.words
    assert "BREAK-GLASS" in book.incident.deviations[-1].what
    book.denied("tech1")
    assert book.state.blocked
    book.add(ev.GlassBroken(book.incident.plan_digest, "approval", TECH, "all the same"), "lead1")
    assert not book.state.blocked
    book.draw("v0")
    assert book.state.blocked
    book.add(ev.GlassBroken(book.incident.plan_digest, "B4", TECH, "another glass"), "lead1")
    assert book.state.blocked


def test_without_people_nothing_is_asked_for_and_that_is_said() -> None:
    """The first demo works without a configuration of people."""
    book = Answers(people={}, option="database").after(99)
    assert (book.state.blocked, book.state.note) == ("", NO_PEOPLE)
    assert answer_roles(book.incident, "root") == ((), NO_PEOPLE)


def test_configured_rules_win_and_generalise() -> None:
    """Several roles, a quorum, one way back alone, one person for two roles: as the settings say."""
    rule = {"of": ["on-call"], "count": 2, "option": "git"}
    people = {
        **{f"on{n}": {"name": f"On {n}", "roles": ["On Call"]} for n in (1, 2, 3)},
        "lead1": {"name": "Lead", "roles": ["devops-lead"]},
    }
    book = Answers(people=people, settings={"approval": {"rule": [rule]}})
    assert book.missing == ("2 of on-call",)
    book.given("on1")
    assert book.missing == ("on-call",)
    assert book.state.missing[0].who == ("on2", "on3")
    book.given("on1")
    assert book.missing == ("on-call",)
    book.given("on3")
    assert not book.missing
    alone = Answers(people=people, flies="on2", settings={"approval": {"rule": [{**rule, "alone": True}]}})
    assert alone.missing == ("on-call",)
    both = {"of": ["database-admin", "tech-manager"], "option": "database", "one_person": True}
    assert Answers(option="database", settings={"approval": {"rule": [both]}}).given("both1").missing == ()
    later = {"of": ["director"], "after": "60m"}
    hour = Answers(settings={"approval": {"rule": [later]}})
    assert (hour.after(59).missing, hour.after(2).missing) == ((), ("director",))
    assert "nobody who may is configured" in hour.state.words


def test_the_configured_escalation_decides_who_may_act_alone() -> None:
    """`[[escalation]]` is the ladder of approvals, too; `alone` says otherwise than its time would."""
    rows = [{"within": "5m", "approve": ["devops-lead"]}, {"within": "always", "approve": ["director"]}]
    book = Answers(settings={"escalation": rows})
    assert (book.after(4).missing, book.after(2).missing) == ((), ("director",))
    strict = [{"within": "always", "approve": ["devops-lead"], "alone": True}]
    assert Answers(settings={"escalation": strict}).after(600).missing == ()
    nobody = [{"within": "5m", "approve": ["devops-lead"], "alone": False}]
    assert Answers(settings={"escalation": nobody}).missing == ("devops-lead",)
    assert Answers(option="database", settings={"escalation": strict}).missing == DATABASE


def test_the_procedure_counts_where_the_settings_are_silent() -> None:
    """The document's escalation holds, in its words for the roles; what names nobody of ours is passed over."""
    from dataclasses import replace

    rules = (
        EscalationRule("First 30 minutes: DevOps Lead", 1, ("DevOps Lead",), "", 0, 1800),
        EscalationRule("After 30 minutes: Tech Manager", 2, ("Tech Manager",), "", 1800, None),
        EscalationRule("Database rollback: DBA", 3, ("DBA",), "database"),
    )
    document = Procedure("x", "x.md", "0" * 64, escalation=rules)
    book = Answers().after(20)
    book.incident = replace(book.incident, procedure=document)
    assert not book.missing
    assert book.after(11).missing == TECH
    data = Answers(option="database")
    data.incident = replace(data.incident, procedure=document)
    assert data.missing == ("database-admin",)
    foreign = replace(document, escalation=(EscalationRule("Captain decides", 1, ("Captain",)),))
    book.incident = replace(book.incident, procedure=foreign)
    assert book.missing == TECH
    configured = Answers(settings={"escalation": [{"within": "always", "approve": ["devops-lead"], "alone": True}]})
    configured.incident = replace(configured.incident, procedure=document)
    assert configured.after(99).missing == ()


@pytest.mark.parametrize(
    ("body", "counts"),
    [
        ({"how": "login"}, False),
        ({"how": "read back", "actor": "lead1"}, False),
        ({"how": "signed"}, False),
        ({"how": "signed", "signature": "x", "signer": "tech2"}, False),
        ({"how": "signed", "signature": "x", "signer": "tech1@jump"}, True),
    ],
)
def test_required_signatures_refuse_everything_weaker(body: dict[str, Any], counts: bool) -> None:
    """`require_signatures = true`: a login alone and a phone do not count."""
    book = Answers(settings={"approval": {"require_signatures": True}}).after(20).given("tech1", **body)
    assert (book.missing == ()) is counts


def test_a_configuration_of_another_version_falls_back_to_the_strict_rules() -> None:
    """A table that cannot be read does not open anything."""
    odd: dict[str, Any] = {"approval": {"rule": [{"of": 7}]}, "escalation": [{"within": 3}]}
    assert rules_of(Answers(settings=odd).incident).require_signatures is False
    assert Answers(settings=odd).after(20).missing == TECH


def test_next_proposes_to_ask_and_then_says_who_is_waited_for() -> None:
    """The same Enter: asks when that is what is missing, then waits, then runs."""
    book = Answers()
    item = next(one for one in items(book.incident) if one.code == "X1")

    def move() -> tuple[Move, str]:
        found = move_for(book.incident, item, approval=book.state)
        return found.move, found.blocked

    assert move() == (Move.RUN, "")
    book.after(15)
    assert move() == (Move.ASK, "")
    book.asked().after(4.2)
    words = "waits for tech-manager (tech1, tech2, both1 may); asked 04:12 ago"
    assert move() == (Move.RUN, words)
    assert next_move(book.incident, approval=book.state).blocked in ("", words)
    book.given("tech2")
    assert move() == (Move.RUN, "")
    assert "approved by tech2 (tech-manager, login) until 10:49Z" in book.state.words


def test_reading_and_undoing_need_no_approval() -> None:
    """What changes nothing is never held up, nor is putting the former state back."""
    from journals import planned

    from actions.model.plan import Plan
    from actions.model.release import Release
    from actions.model.step import Risk

    book = Answers().after(20)
    steps = (planned("B1", phase="before", risk=Risk.READ), planned("X1"))
    plan = Plan("git", "shop", Release("v1", commit="a" * 40), "b" * 40, {}, steps)
    book.add(ev.PlanDrawn(plan.digest, plan.to_json()), "lead1")
    assert blocked_reason(book.incident, "B1", approval=book.state) is None
    assert blocked_reason(book.incident, "X1", approval=book.state) == book.state.blocked
    started = ev.StepStarted(1, "X1", "git.deploy", "x", plan.digest, False, "enter", 1, 1, "s")
    book.add(started, "lead1").add(ev.StepFinished(1, "failed", "x", 1), "lead1")
    assert blocked_reason(book.incident, "X1", undo=True, approval=book.state) is None
    assert blocked_reason(book.incident, "X1", approval=book.state) == book.state.blocked


@pytest.mark.parametrize(
    ("login", "words"),
    [
        ("lead1", "somebody else must approve"),
        ("stranger", "nobody of [people]"),
        ("guest1", "holds no role"),
        ("dba1", "holds database-admin; this plan wants devops-lead or tech-manager"),
        ("tech1", ""),
    ],
)
def test_who_may_answer_is_said_in_one_line(login: str, words: str) -> None:
    """Own plan, no role, nobody we know: a reason each."""
    roles, reason = answer_roles(Answers().after(20).incident, login)
    assert (bool(roles), words in reason) == (not words, True)


def test_an_answer_for_one_of_several_roles() -> None:
    """`--as-role`: it counts for that role alone."""
    book = Answers(option="database")
    assert answer_roles(book.incident, "both1", "DBA") == (("database-admin",), "")
    assert "does not hold" in answer_roles(book.incident, "both1", "devops-lead")[1]
    book.given("both1", roles=("database-admin",))
    assert book.missing == ("tech-manager",)
    book.given("dba1")
    assert book.missing == ("tech-manager",)


def test_every_approval_is_used_as_well_as_it_can_be() -> None:
    """Whoever holds both roles is moved to the one that nobody else fills, in any order of answers."""
    needs = (Need(("a", "b")), Need(("b",)), Need(("a",)))
    given = [("P", ("a", "b")), ("Q", ("b",)), ("R", ("a",))]
    for order in itertools.permutations(given):
        assert matched(needs, order, None, {}, frozenset()) == ()
    assert len(matched(needs, given[:2], None, {}, frozenset())) == 1


def test_a_statement_fits_one_answer_of_one_person_to_one_plan() -> None:
    """Every field is signed; a value that could pass for another line is refused."""
    book = Answers().after(20).given("tech1").denied("tech1")
    given, denied = (one.body for one in book.incident.approvals)
    text = approval_statement(book.incident, given).decode()
    assert f"plan: {a_plan().digest}\nperson: tech1\nroles: tech-manager\nexpires: " in text
    assert "answer: denied" in approval_statement(book.incident, denied).decode()
    from dataclasses import replace

    with pytest.raises(ValueError, match="person"):
        approval_statement(book.incident, replace(given, person="tech1\nanswer: approved"))
