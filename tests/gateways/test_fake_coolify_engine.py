"""The fake Coolify with the real Docker engine behind it: a deployment builds an image and replaces a container."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from compose_stack import inspect, run
from coolify_asking import ask, told
from engine_images import ImageBuilder
from fake_coolify import Drive, FakeCoolify
from fake_coolify_engine import on_engine
from fake_coolify_state import App

GOOD, BAD = "a" * 40, "b" * 40


@pytest.fixture
def coolify(build_image: ImageBuilder) -> Iterator[FakeCoolify]:
    with FakeCoolify(drive=Drive.BY_HAND, runtime=on_engine(build_image)) as one:
        yield one
        one.assert_all_valid()


def go_to(coolify: FakeCoolify, shop: App, commit: str) -> str:
    """Rolls back; how it ended."""
    told(ask(coolify, "POST", f"/applications/{shop.uuid}/rollback", body={"commit": commit}))
    coolify.run()
    return coolify.deployments(shop)[0].status


def health(coolify: FakeCoolify, shop: App) -> tuple[int, str]:
    with httpx.Client(verify=False, trust_env=False, timeout=90) as client:
        answer = client.get(coolify.site(shop))
    return answer.status_code, answer.json()["commit"] if answer.status_code == 200 else ""


def test_a_deployment_replaces_a_real_container(coolify: FakeCoolify) -> None:
    """Named and labelled as Coolify's. A sick image leaves the old container; an image that is gone is built anew."""
    shop = coolify.add_app("dockerfile")
    coolify.has_deployed(shop, GOOD)
    coolify.has_deployed(shop, BAD)
    (old,) = coolify.running(shop)
    assert (old.image, old.code, health(coolify, shop)) == (f"{shop.uuid}:{BAD}", BAD, (200, BAD))
    shop.broken.add(GOOD)
    assert go_to(coolify, shop, GOOD) == "failed"
    assert [one.id for one in coolify.running(shop)] == [old.id]

    shop.broken.clear()
    assert go_to(coolify, shop, GOOD) == "finished"
    (new,) = coolify.running(shop)
    assert (new.code, new.health, health(coolify, shop)) == (GOOD, "healthy", (200, GOOD))
    assert inspect(new.id, "{{.Config.Image}} {{.State.Running}}") == f"{shop.uuid}:{GOOD} true"
    assert new.name.startswith(f"{shop.uuid}-")
    labels = inspect(new.id, "{{range $k, $v := .Config.Labels}}{{$k}}={{$v}} {{end}}")
    for label in ("coolify.managed=true", f"coolify.applicationId={shop.number}", "coolify.type=application"):
        assert f"{label} " in labels
    assert old.id not in run("docker", "ps", "-aq", "--no-trunc")

    run("docker", "image", "rm", f"{shop.uuid}:{BAD}")
    images = told(ask(coolify, "GET", f"/applications/{shop.uuid}/rollback-images"))["images"]
    assert {one["tag"] for one in images} == {GOOD}
    assert go_to(coolify, shop, BAD) == "finished"
    (now,) = coolify.running(shop)
    assert now.code == BAD
    assert now.image_id != old.image_id
