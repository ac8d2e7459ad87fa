"""The releases of a Compose project: from tags, built images, containers and our own record.

What belongs together is decided in ``compose_grouping``; how safely a release is kept is decided here.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from actions.model.ports import Image, World
from actions.model.release import Release, WayBack
from actions.model.system import ComposeTable
from actions.steps.compose_facts import ComposeFacts, read_facts
from actions.steps.compose_grouping import Candidate, by_build
from actions.steps.compose_names import KEEP_REPOSITORY, by_number, is_image_id, keep_reference, split_reference

PROJECT_LABEL = "com.docker.compose.project"
SERVICE_LABEL = "com.docker.compose.service"
DESCRIPTION_LABEL = "org.opencontainers.image.description"
BY_TIME = "put together by creation time: the images name no revision"
PRUNE_ALL = "`docker image prune -a` would take it: a tag saves only from a plain prune"


def releases(table: ComposeTable, world: World, system: str = "") -> tuple[Release, ...]:
    """Every release of the project, newest first, the running one marked, those that are gone among them.

    ``system`` is the name in our keep tags; without it, earlier images of built services are found by Compose's
    labels and by our record alone.
    """
    return releases_from(read_facts(table, world), table, world.known_releases(), system)


def releases_from(
    facts: ComposeFacts, table: ComposeTable, known: tuple[Release, ...] = (), system: str = ""
) -> tuple[Release, ...]:
    """The same from facts that were read already; ``known`` is what our own record tells."""
    label = table.revision_label
    tagged = _by_tag(facts, label)
    groups = by_build(_candidates(facts, label, system), facts.services, facts.running)
    built = _unmixed([_built(group, facts) for group in groups], tagged)
    # A part of another release is no release of its own; the same images under two names are merged.
    merged = _merge([*tagged, *_whole(built, [*tagged, *built])])
    merged = _with_running(merged, facts, label)
    merged = [_with_deployed(release, facts) for release in _with_known(merged, known, facts)]
    told = [_with_way_back(release, facts) for release in merged]
    # Where no image tells when it was made, when one of them was deployed says nothing of which is older.
    timed = any(release.created for release in told)
    times = {id(r): r.created or (r.live_since if timed else "") for r in told}
    return tuple(sorted(told, key=lambda r: (times[id(r)], by_number(r.name)), reverse=True))


def _whole(built: list[Release], every: list[Release]) -> list[Release]:
    """Those that are no part of another one. Only what shares its rarest image is compared: there may be thousands."""
    holders: dict[tuple[str, str], list[Release]] = defaultdict(list)
    for release in every:
        for pair in release.images.items():
            holders[pair].append(release)

    def is_part(one: Release) -> bool:
        rarest = min((holders[pair] for pair in one.images.items()), key=len, default=every)
        return any(one.images.items() < other.images.items() for other in rarest)

    return [one for one in built if not is_part(one)]


def _unmixed(built: list[Release], tagged: list[Release]) -> list[Release]:
    """Without what is put together by time alone, of images that each have their place in a release by their tag."""
    placed = {pair for one in tagged for pair in one.images.items()}
    known = {tuple(sorted(one.images.items())) for one in tagged}

    def is_mixed(one: Release) -> bool:
        by_time = one.note.startswith(BY_TIME) and tuple(sorted(one.images.items())) not in known
        return by_time and placed.issuperset(one.images.items())

    return [one for one in built if not is_mixed(one)]


def complete(release: Release, services: tuple[str, ...]) -> bool:
    """Whether there is an image for every service that goes back; only then can the release be chosen."""
    return all(is_image_id(release.images.get(service, "")) for service in services)


def _by_tag(facts: ComposeFacts, label: str) -> list[Release]:
    """One release per tag of the repositories that the services name, by exact repository."""
    wanted: dict[str, str] = {}
    for service in facts.services:
        repository = _repository(facts, service)
        if not repository:
            return []  # built without a name, or pinned by an id: a tag says nothing about all services
        wanted[service] = repository
    ids: dict[str, dict[str, Image]] = defaultdict(dict)
    for there in facts.images.values():
        for reference in there.tags:
            repository, tag = split_reference(reference)
            for service, name in wanted.items():
                if name == repository:
                    ids[tag][service] = there
    return [_tagged(tag, images, facts, label) for tag, images in ids.items()]


def _tagged(tag: str, images: dict[str, Image], facts: ComposeFacts, label: str) -> Release:
    missing = [service for service in facts.services if service not in images]
    newest = max(images.values(), key=lambda image: image.created)
    return Release(
        name=tag,
        commit=_commit(newest.labels.get(label, "")),
        images={service: image.id for service, image in images.items()},
        digests=_digests(images, facts),
        source="image tag",
        created=newest.created,
        subject=newest.labels.get(DESCRIPTION_LABEL, ""),
        note=f"incomplete: no image with this tag for {', '.join(missing)}" if missing else "",
    )


def _digests(images: dict[str, Image], facts: ComposeFacts) -> dict[str, str]:
    """Service -> digest in the repository that it names."""
    found = {}
    for service, image in images.items():
        repository = _repository(facts, service)
        digest = next((d for d in image.digests if repository and split_reference(d)[0] == repository), "")
        if digest:
            found[service] = digest.rpartition("@")[2]
    return found


def _candidates(facts: ComposeFacts, label: str, system: str) -> list[Candidate]:
    """Images whose service is known: by Compose's labels or names, our keep tags, or containers."""
    owners: dict[str, set[str]] = defaultdict(set)
    pulled: dict[str, set[str]] = defaultdict(set)
    for service in facts.services:
        pulled[_repository(facts, service)].add(service)
    pulled.pop("", None)
    for image in facts.images.values():
        # What was pulled before its tag moved on has none any more, and still the digest of its repository.
        named = {split_reference(reference)[0] for reference in image.tags}
        for repository in {split_reference(digest)[0] for digest in image.digests} - named:
            owners[image.id] |= pulled.get(repository, set())
        service = image.labels.get(SERVICE_LABEL, "")
        if service in facts.services and image.labels.get(PROJECT_LABEL) == facts.project.name:
            owners[image.id].add(service)
        for reference in image.tags:
            repository = split_reference(reference)[0]
            owners[image.id] |= {s for s in facts.services if reference == keep_reference(system, s, image.id)}
            owners[image.id] |= {s for s in facts.services if repository in _default_names(facts, s)}
    for container in facts.containers:
        if container.service in facts.services:
            owners[container.image_id].add(container.service)
    for services in owners.values():
        # Built for one service, used by all that name the same repository.
        names = {_repository(facts, service) for service in services} - {""}
        services |= {service for service in facts.services if _repository(facts, service) in names}
    return [
        Candidate(service, image_id, facts.images[image_id].created, facts.images[image_id].labels.get(label, ""))
        for image_id, services in owners.items()
        if image_id in facts.images
        for service in sorted(services)
    ]


def _repository(facts: ComposeFacts, service: str) -> str:
    image = facts.project.services[service].image
    return split_reference(image)[0] if image else ""


def _default_names(facts: ComposeFacts, service: str) -> tuple[str, ...]:
    """How Compose of either generation names what it builds for a service that names no image."""
    if _repository(facts, service):
        return ()
    return tuple(f"{facts.project.name}{mark}{service}" for mark in ("-", "_"))


def _built(group: tuple[Candidate, ...], facts: ComposeFacts) -> Release:
    images = {candidate.service: candidate.image_id for candidate in group}
    missing = [service for service in facts.services if service not in images]
    revisions = {candidate.revision for candidate in group} - {""}
    newest = max(group, key=lambda candidate: candidate.created)
    revision = newest.revision or next(iter(sorted(revisions)), "")
    note = f"incomplete: no image of this release for {', '.join(missing)}" if missing else ""
    if not note and not revision:
        note = BY_TIME
    same = sorted(service for service, image in images.items() if facts.running.get(service) == image)
    if same and len(same) < len(images):
        note = "; ".join(filter(None, (note, f"{', '.join(same)} as it runs now")))
    return Release(
        name=revision[:10] if revision else f"built {newest.created[:19]}Z",
        commit=_commit(revision),
        images=images,
        digests=_digests({service: facts.images[image] for service, image in images.items()}, facts),
        source="built image",
        created=newest.created,
        subject=facts.images[newest.image_id].labels.get(DESCRIPTION_LABEL, ""),
        note=note,
    )


def _commit(revision: str) -> str:
    """A revision label when it is a full commit id; a short one identifies nothing."""
    is_hex = all(char in "0123456789abcdef" for char in revision)
    return revision if is_hex and len(revision) in (40, 64) else ""


def _merge(found: list[Release]) -> list[Release]:
    """One release per set of images; further tags of the same images are named in its note."""
    same: dict[tuple[tuple[str, str], ...], list[Release]] = defaultdict(list)
    for release in found:
        same[tuple(sorted(release.images.items()))].append(release)
    merged = []
    for group in same.values():
        group.sort(key=lambda r: (r.source != "image tag", r.name == "latest", r.name))
        first, others = group[0], [r.name for r in group[1:] if r.source == "image tag"]
        note = f"also tagged {', '.join(others)}" if others else ""
        merged.append(replace(first, note="; ".join(filter(None, (first.note, note)))))
    return merged


def _with_running(found: list[Release], facts: ComposeFacts, label: str) -> list[Release]:
    """Marks what runs; images that no tag or label tells of become a release of their own."""
    running = facts.running
    if not running:
        return found
    hits = [r for r in found if all(r.images.get(s) == image for s, image in running.items())]
    if hits:
        return [replace(r, way_back=WayBack.RUNNING) if r is hits[0] else r for r in found]
    references = sorted({c.image_ref for c in facts.containers if c.service in running})
    created = [facts.images[image].created for image in running.values() if image in facts.images]
    revisions = {facts.images[i].labels.get(label, "") for i in running.values() if i in facts.images} - {""}
    revision = revisions.pop() if len(revisions) == 1 else ""
    now = Release(
        name=revision[:10] or (references[0] if len(references) == 1 else "what runs now"),
        commit=_commit(revision),
        images=running,
        source="container",
        created=max(created, default=""),
        way_back=WayBack.RUNNING,
        note=_mixture(facts, running) or "no tag names it",
    )
    return [*found, now]


def _mixture(facts: ComposeFacts, running: dict[str, str]) -> str:
    """Says when the services do not run one release: each names its own tag of the images it shares."""
    tags: dict[str, set[str]] = defaultdict(set)
    for service, image in running.items():
        for reference in facts.images[image].tags if image in facts.images else ():
            repository, tag = split_reference(reference)
            if repository == _repository(facts, service):
                tags[service].add(tag)
    common = set.intersection(*tags.values()) if tags else set()
    if len(tags) < 2 or common:
        return ""
    rows = ", ".join(f"{service} {'/'.join(sorted(tags[service]))}" for service in sorted(tags))
    return f"the services run different releases: {rows}"


def _with_known(found: list[Release], known: tuple[Release, ...], facts: ComposeFacts) -> list[Release]:
    """Adds what our record tells: when a release was live and how that ended, and releases that are gone."""
    merged = list(found)
    for record in known:
        images = {s: image for s, image in record.images.items() if s in facts.services}
        if not images:
            continue
        index = next((i for i, r in enumerate(merged) if images.items() <= r.images.items()), None)
        if index is None:
            source = record.source or "record"
            merged.append(replace(record, images=images, source=source, way_back=WayBack.UNKNOWN, note=""))
            continue
        here = merged[index]
        merged[index] = replace(
            here,
            commit=here.commit or record.commit,
            live_since=record.live_since or here.live_since,
            live_until=record.live_until or here.live_until,
            ended=record.ended or here.ended,
            subject=here.subject or record.subject,
            author=here.author or record.author,
        )
    return merged


def _with_deployed(release: Release, facts: ComposeFacts) -> Release:
    """What runs went live when the last of its containers was made: they are made anew with every deployment."""
    if release.way_back is not WayBack.RUNNING:
        return release
    made = [one.created_at for service in facts.running for one in facts.of(service)]
    return replace(release, live_since=max(made, default="") or release.live_since)


def _with_way_back(release: Release, facts: ComposeFacts) -> Release:
    way_back, note = _way_back(release, facts)
    if way_back is WayBack.RUNNING:
        own = [c for c in facts.containers if c.service in facts.services]
        other = [f"{c.name} runs another image" for c in own if c.image_id != release.images[c.service]]
        down = [f"{c.name} is {c.state}" for c in own if c.state not in ("running", "restarting")]
        note = ", ".join([*other, *down])
    return replace(release, way_back=way_back, note="; ".join(filter(None, (release.note, note))))


def _way_back(release: Release, facts: ComposeFacts) -> tuple[WayBack, str]:
    if release.way_back is WayBack.RUNNING:
        return WayBack.RUNNING, ""
    gone = sorted(service for service, image in release.images.items() if image not in facts.images)
    if gone:
        return WayBack.GONE, f"the image of {', '.join(gone)} is not on the engine any more"
    if not complete(release, facts.services):
        return WayBack.GONE, ""  # a part of a release is no way back
    images = [facts.images[image] for image in release.images.values()]
    exposed = [image for image in images if not image.in_use]
    if any(image.dangling for image in exposed):
        return WayBack.PRUNABLE, "`docker image prune` would take it: protect it first"
    note = PRUNE_ALL if exposed else ""
    kept = all(_is_kept(image) for image in images)
    return (WayBack.PROTECTED if kept else WayBack.READY), note


def _is_kept(image: Image) -> bool:
    return any(split_reference(tag)[0] == KEEP_REPOSITORY for tag in image.tags)
