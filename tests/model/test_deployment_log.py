"""The deployment's log in the log pane: found in the output of a step, with its time and the weight of its words."""

from __future__ import annotations

from app.deployment_log import deployment_lines

AT = "2026-11-22T10:00:00.123456Z"


def test_what_is_of_the_deployment_is_found() -> None:
    """Lines of its log as they are; its states as lines of ours; ``finished`` said to be a word and no proof."""
    found = deployment_lines(
        [
            f"{AT} answered 200: queued",
            f"{AT} coolify: Building docker image started.",
            f"{AT} coolify: ERROR: no space left on device",
            f"{AT} zk4w8c0s4ow: in_progress",
            f"{AT} zk4w8c0s4ow: finished",
            f"{AT} zk4w8c0s4ow: failed",
            f"{AT} see: finished",
            f"{AT} ",
            "",
        ]
    )
    assert [(line.at, line.source, line.level) for line in found[:2]] == [
        (AT, "deployment", ""),
        (AT, "deployment", "error"),
    ]
    assert found[0].text == "Building docker image started."
    assert [line.text for line in found[2:]] == [
        "── Coolify says in_progress (zk4w8c0s4ow)",
        "── Coolify says finished, its word: what runs is proven by itself (zk4w8c0s4ow)",
        "── Coolify says failed (zk4w8c0s4ow)",
    ]
    assert [line.level for line in found[2:]] == ["warning", "warning", "error"]


def test_the_time_of_a_line_is_coolifys_where_it_can_be_believed() -> None:
    """Near the time at which it came, also over midnight; else its clock is not ours, or it was fetched late."""
    found = deployment_lines(
        [
            f"{AT} coolify: 09:59:58.250Z Pulling.",
            f"{AT} coolify: 10:00:09.000Z Of a clock that is ahead.",
            f"{AT} coolify: 07:00:00.000Z Fetched late.",
            f"{AT} coolify: 99:99:99.999Z No time.",
            f"{AT} coolify: 10:00:00 as an application writes it",
            "2026-11-22T00:00:01.000000Z coolify: 23:59:59.500Z Yesterday.",
            f"{AT} zk4w8c0s4ow: 'archived', a word that is not known here",
        ]
    )
    assert [line.at for line in found] == [
        "2026-11-22T09:59:58.250000Z",
        AT,
        AT,
        AT,
        AT,
        "2026-11-21T23:59:59.500000Z",
        AT,
    ]
    assert [line.text for line in found[:2]] == ["Pulling.", "Of a clock that is ahead."]
    assert found[4].text == "10:00:00 as an application writes it"
    assert "says 'archived'" in found[6].text
