"""Which releases a Compose project has, by what the engine, the labels and our record tell."""

from __future__ import annotations

from dataclasses import replace

import pytest
from compose_fakes import FOLDER, Fakes, container, fakes, image, image_id, project, service

from actions.model.errors import GoaroundError
from actions.model.release import Release, WayBack
from actions.model.system import ComposeTable
from actions.steps.compose_grouping import Candidate, by_build
from actions.steps.compose_releases import releases
from actions.steps.compose_services import service_set
from actions.steps.propose import propose

TABLE = ComposeTable(directory=FOLDER)
REVISION = "org.opencontainers.image.revision"


def shared(*images: object, running: str = "new", **given: object) -> Fakes:
    """Web and celery share ``obcms``; redis does not."""
    of = project(service("web", "obcms:new"), service("celery", "obcms:new"), service("redis", "redis:7"))
    made = [container("web", running), container("celery", running), container("redis", "redis")]
    return fakes(of, [image("redis", "redis:7"), *images], made, **given)  # type: ignore[arg-type, list-item]


def told(found: tuple[Release, ...]) -> list[tuple[str, WayBack]]:
    return [(release.name, release.way_back) for release in found]


def test_the_repository_is_matched_exactly() -> None:
    """R-evidence: `obcms` is neither `my-obcms` nor `host:5000/obcms`; Docker Hub's own prefix is the same."""
    world = shared(
        image("new", "obcms:new", created="2025-10-02T08:00:00Z"),
        image("old", "docker.io/library/obcms:old"),
        image("a", "my-obcms:a"),
        image("b", "host:5000/obcms:b"),
        image("c", "obcms/web:c"),
    ).world
    assert told(releases(TABLE, world)) == [("new", WayBack.RUNNING), ("old", WayBack.READY)]


def test_how_safely_a_release_is_kept_is_said() -> None:
    """Nothing is lost: a tag saves from a plain prune only, and the note says so."""
    world = shared(
        image("new", "obcms:new", created="2025-10-04T08:00:00Z"),
        image("kept", "obcms:kept", "goaround/keep:obcms-web-1", created="2025-10-03T08:00:00Z"),
        image("plain", "obcms:plain", created="2025-10-02T08:00:00Z"),
    ).world
    found = releases(TABLE, world)
    assert told(found)[1:] == [("kept", WayBack.PROTECTED), ("plain", WayBack.READY)]
    assert all("prune -a" in release.note for release in found[1:])


def test_two_tags_of_one_image_are_one_release() -> None:
    """The operator decides between releases, not between names: `latest` is only a further name."""
    world = shared(image("new", "obcms:latest", "obcms:2025-10-02", "obcms:new")).world
    (only,) = releases(TABLE, world)
    assert only.name == "2025-10-02"
    assert "also tagged new, latest" in only.note or "also tagged latest, new" in only.note


def test_what_our_record_knows_and_the_engine_lost_is_gone() -> None:
    """The record tells the truth: a pruned release is shown as gone, and one that is there gets its history."""
    one = Release(
        "2025-09-21", images={"web": image_id("lost"), "celery": image_id("lost")}, live_since="2025-09-21T06:00:00Z"
    )
    two = Release(
        "x", images={"web": image_id("old"), "celery": image_id("old")}, live_since="2025-10-01T08:03:44Z", ended="ok"
    )
    world = shared(image("new", "obcms:new", created="2025-10-02T08:00:00Z"), image("old", "obcms:old")).world
    found = releases(TABLE, replace(world, known_releases=lambda: (one, two)))
    assert told(found) == [("new", WayBack.RUNNING), ("old", WayBack.READY), ("2025-09-21", WayBack.GONE)]
    assert (found[1].live_since, found[1].ended) == ("2025-10-01T08:03:44Z", "ok")


def test_what_runs_without_a_name_is_a_release_too() -> None:
    """Proven, not reported: what runs is read from containers, also when its tag has moved on."""
    world = shared(image("rebuilt", "obcms:new", created="2025-10-03T08:00:00Z"), image("ran"), running="ran").world
    found = releases(TABLE, world)
    assert [r.way_back for r in found] == [WayBack.READY, WayBack.RUNNING]
    assert found[1].images == {"web": image_id("ran"), "celery": image_id("ran")}


def digest(name: str) -> str:
    return f"obcms@{image_id(f'manifest of {name}')}"


@pytest.mark.parametrize("named", ["obcms:latest", digest("new")])
def test_what_ran_before_a_tag_moved_on_is_found_by_its_digest(named: str) -> None:
    """`latest` was pulled anew, or the file names digests alone: the release before has no tag, and is there to go back
    to, with the word that a prune would take it. Other repositories, and what has no name at all, are none of it."""
    tags = () if "@" in named else (named,)
    there = [
        replace(image("new", *tags, created="2025-10-03T08:00:00Z"), digests=(digest("new"),)),
        replace(image("old", created="2025-10-02T08:00:00Z"), digests=(digest("old"),)),
        replace(image("other", created="2025-10-01T08:00:00Z"), digests=(f"my-{digest('other')}",)),
        image("nameless", created="2025-10-01T08:00:00Z"),
    ]
    made = [container("web", "new"), container("celery", "new")]
    found = releases(TABLE, fakes(project(service("web", named), service("celery", named)), there, made).world)
    assert [one.way_back for one in found] == [WayBack.RUNNING, WayBack.PRUNABLE]
    assert found[1].images == {"web": image_id("old"), "celery": image_id("old")}
    assert set(found[1].digests.values()) == {digest("old").partition("@")[2]}
    guess = propose(found)
    assert guess.release == found[1]


def test_a_half_finished_deployment_is_said_to_be_one() -> None:
    """The record tells the truth: services on different releases, or one container left behind, are named."""
    one = shared(image("new", "obcms:new", created="2025-10-02T08:00:00Z"), image("old", "obcms:old"))
    one.engine.made[1] = container("celery", "old")
    (now,) = (r for r in releases(TABLE, one.world) if r.way_back is WayBack.RUNNING)
    assert now.note == "the services run different releases: celery old, web new"
    one.engine.made[1] = container("celery", "new")
    one.engine.made.append(container("web", "old", 2, created_at="2025-09-01T10:00:00Z"))
    assert releases(TABLE, one.world)[0].note == "obcms-web-2 runs another image"


@pytest.mark.parametrize("time", ["1980-01-01T00:00:01Z", ""])
def test_images_that_all_tell_one_time_stand_by_the_numbers_of_their_names(time: str) -> None:
    """Reproducible builds are all of 1980 or of no time: v10 is newer than v9, and only its name says so."""
    tags = ("v8", "v10", "v9")
    of_1980 = [image(tag, f"obcms:{tag}", created=time) for tag in tags]
    found = releases(TABLE, shared(*of_1980, running="v9").world)
    assert told(found) == [("v10", WayBack.READY), ("v9", WayBack.RUNNING), ("v8", WayBack.READY)]
    guess = propose(found)
    assert guess.release is not None
    assert guess.release.name == "v8"
    assert guess.why.startswith("the one before the running one by its name alone, as the images do not tell")


def built(name: str, of: str, created: str, revision: str = "") -> object:
    labels = {"com__docker__compose__project": "obcms", "com__docker__compose__service": of}
    if revision:
        labels[REVISION.replace(".", "__")] = revision
    return image(name, created=created, **labels)


def four(*images: object) -> Fakes:
    names = ("beat", "celery", "nginx", "web")
    return fakes(
        project(*(service(name) for name in names)),
        [*images],  # type: ignore[list-item]
        [container(name, f"{name}2") for name in names],
    )


def test_built_services_are_grouped_by_time_and_a_rebuild_minutes_later_is_another_release() -> None:
    """Four services move together; what was not rebuilt keeps its image and is said to."""
    newer = [built(f"{s}2", s, f"2025-10-02T10:0{i}:00Z") for i, s in enumerate(("beat", "celery", "web"))]
    older = [built(f"{s}1", s, f"2025-10-02T09:5{i}:00Z") for i, s in enumerate(("beat", "celery", "web"))]
    world = four(*newer, *older, built("nginx2", "nginx", "2025-09-01T10:00:00Z")).world
    found = releases(TABLE, world)
    assert [r.way_back for r in found] == [WayBack.RUNNING, WayBack.PRUNABLE]
    assert found[1].images == {s: image_id(f"{s}1") for s in ("beat", "celery", "web")} | {"nginx": image_id("nginx2")}
    assert "nginx as it runs now" in found[1].note


def test_what_is_protected_by_hand_makes_no_mixture_of_two_releases() -> None:
    """Images that each stand in a release by their tag are of that one, however near to each other they were built."""
    keep = "goaround/keep:obcms"
    images = [
        image("web3", "shop/web:3", created="2025-10-02T08:02:00Z"),
        image("web2", "shop/web:2", f"{keep}-web-{image_id('web2')[7:19]}", created="2025-10-02T08:01:00Z"),
        image("job3", "shop/job:3", created="2025-10-02T08:04:00Z"),
        image("job2", "shop/job:2", f"{keep}-job-{image_id('job2')[7:19]}", created="2025-10-02T08:03:00Z"),
    ]
    of = project(service("web", "shop/web:3"), service("job", "shop/job:3"))
    world = fakes(of, images, [container("web", "web3"), container("job", "job3")]).world
    table = replace(TABLE, services=("web", "job"))
    assert told(releases(table, world, "obcms")) == [("3", WayBack.RUNNING), ("2", WayBack.PROTECTED)]


def test_an_incomplete_release_is_listed_and_no_way_back() -> None:
    """Three of four would be a new version nobody ever ran: it is shown, with what is missing."""
    newer = [built(f"{s}2", s, "2025-10-02T10:00:00Z") for s in ("beat", "celery", "nginx", "web")]
    older = [built(f"{s}1", s, "2025-10-01T10:00:00Z") for s in ("beat", "nginx", "web")]
    found = releases(TABLE, four(*newer, *older).world)
    assert found[1].way_back is WayBack.GONE
    assert found[1].note.startswith("incomplete: no image of this release for celery")


def test_a_revision_label_holds_together_what_was_built_hours_apart() -> None:
    """A label is better than a clock."""
    services, old, new = ("beat", "celery", "nginx", "web"), "a" * 40, "b" * 40
    newer = [built(f"{s}2", s, f"2025-10-02T1{i}:00:00Z", new) for i, s in enumerate(services)]
    older = [built(f"{s}1", s, f"2025-10-01T1{i}:00:00Z", old) for i, s in enumerate(services)]
    found = releases(TABLE, four(*newer, *older).world)
    assert [(r.commit, r.name) for r in found] == [(new, "b" * 10), (old, "a" * 10)]


def test_a_service_is_never_twice_in_a_group() -> None:
    """Two builds of web within a minute are two releases."""
    twice = [Candidate("web", "sha256:b", "2025-10-02T10:00:30Z"), Candidate("web", "sha256:a", "2025-10-02T10:00:00Z")]
    assert [[c.image_id for c in group] for group in by_build(twice, ("web",), {})] == [["sha256:b"], ["sha256:a"]]


WEB, CELERY = service("web", "obcms:2", restart="always"), service("celery", "obcms:2")


@pytest.mark.parametrize(
    ("services", "jobs", "containers", "expected"),
    [
        ((WEB, CELERY, service("redis", "redis:7")), (), [], ("celery", "web")),
        ((WEB, CELERY, service("migrate", "obcms:2", restart="no")), ("migrate",), [], ("celery", "web")),
        (
            (WEB, CELERY, service("seed", "obcms:2", restart="no")),
            (),
            [container("seed", "obcms", state="exited", exit_code=0)],
            ("celery", "web"),
        ),
        (
            (WEB, CELERY, service("beat", "obcms:2", restart="no")),
            (),
            [container("beat", "obcms", state="exited", exit_code=1)],
            ("beat", "celery", "web"),
        ),
        (
            (WEB, CELERY, service("beat", "obcms:2")),
            (),
            [container("beat", "obcms", state="exited", exit_code=0)],
            ("beat", "celery", "web"),
        ),
        ((service("web"), service("celery"), service("redis", "redis:7")), (), [], ("celery", "web")),
        (
            (service("web", "obcms", build=True), service("celery", "obcms"), service("db", "postgres:17")),
            (),
            [],
            ("celery", "web"),
        ),
    ],
)
def test_the_services_that_go_back(services, jobs, containers, expected) -> None:
    """R6, R8, R9: from the Compose file, never by name; no job that runs once."""
    assert service_set(TABLE, project(*services, jobs=jobs), tuple(containers)).services == expected


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (ComposeTable(FOLDER, services=("wep",)), "no service 'wep'"),
        (ComposeTable(FOLDER, services=("web", "migrate")), "'migrate' is a job"),
        (ComposeTable(FOLDER, image="obcm"), "no service has the image 'obcm'"),
        (TABLE, "it is not clear which services go back"),
    ],
)
def test_an_unclear_set_of_services_is_refused(table: ComposeTable, words: str) -> None:
    """Bad input: one line with the reason and the key to set; nothing is guessed."""
    of = project(
        service("web", "obcms:2"), service("db", "postgres:17"), service("migrate", "obcms-jobs:2"), jobs=("migrate",)
    )
    with pytest.raises(GoaroundError, match=words) as caught:
        service_set(table, of)
    assert caught.value.next_move
