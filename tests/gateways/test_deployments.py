"""The history of deployments as a file: who was live when, and which line is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from actions.gateways.deployments import parse, read_deployments, releases_of
from actions.gateways.local_host import LocalHost
from actions.model.errors import BadInput

A, B, C = "a" * 40, "b" * 40, "c" * 64


def line(at: str, sha: str, result: str = "ok", **more: str) -> bytes:
    fields = {"at": at, "ref": f"v-{sha[0]}", "sha": sha, "result": result, **more}
    return ("{" + ", ".join(f'"{key}": "{value}"' for key, value in fields.items()) + "}\n").encode()


def test_lives_follow_from_the_order_of_the_file() -> None:
    """One release per commit, the one deployed last first; a failed deployment replaces nobody."""
    content = (
        line("2026-11-01T00:00:00Z", A)
        + line("2026-11-02T00:00:00+01:00", B, "failed")
        + line("2026-11-03T00:00:00Z", B, seconds="1.5")
        + line("2026-11-04T00:00:00Z", C)
        + line("2026-11-05T00:00:00Z", A)
    )
    found = releases_of(parse(content, "h"))
    assert [(r.commit, r.live_since[:10], r.live_until[:10], r.ended) for r in found] == [
        (A, "2026-11-05", "", "ok"),
        (C, "2026-11-04", "2026-11-05", "ok"),
        (B, "2026-11-03", "2026-11-04", "ok"),
    ]


def test_a_failed_deployment_tells_of_no_life() -> None:
    """What never went live has no time of its own."""
    (only,) = releases_of(parse(line("2026-11-01T00:00:00Z", A, "failed"), "h"))
    assert (only.live_since, only.ended) == ("", "failed")


def test_other_spellings_and_numbers_are_taken() -> None:
    """`when` and `commit`, a release's own name, and numbers with fractions in keys that we do not read."""
    content = (
        f'{{"when": "2026-11-01T00:00:00.5Z", "commit": "{A.upper()}", "release": "2.1", "result": "OK", "s": 1.4}}'
    )
    (only,) = releases_of(parse(content.encode() + b"\n", "h"))
    assert (only.name, only.commit, only.ended, only.live_since) == ("2.1", A, "ok", "2026-11-01T00:00:00.500000Z")


def test_a_line_that_is_being_written_is_left_out() -> None:
    """The deploy command appends while we read: half a line at the end is no damage."""
    whole = line("2026-11-01T00:00:00Z", A)
    assert len(parse(whole + whole[:30], "h")) == 1
    assert len(parse(whole + whole.rstrip(b"\n"), "h")) == 2


@pytest.mark.parametrize(
    ("bad", "where"),
    [
        (b"not json\n", "h:2"),
        (b"[1]\n", "h:2"),
        (b"\xff\xfe\n", "h:2"),
        (b"[" * 100_000 + b"\n", "h:2"),
        (b'{"at": "2026-11-01T00:00:00Z", "result": "ok"}\n', "h:2: sha"),
        (line("2026-11-01T00:00:00Z", "abc1234"), "h:2: sha"),
        (line("2026-11-01T00:00:00Z", "HEAD"), "h:2: sha"),
        (line("yesterday", A), "h:2: at"),
        (line("2026-13-41T00:00:00Z", A), "h:2: at"),
        (b'{"at": 5, "sha": "%s", "result": "ok"}\n' % A.encode(), "h:2: at"),
        (b'{"at": "2026-11-01T00:00:00Z", "sha": "%s"}\n' % A.encode(), "h:2: result"),
        (b'{"x": "' + b"x" * 100_000 + b'"}\n', "h:2"),
    ],
)
def test_a_wrong_line_is_named(bad: bytes, where: str) -> None:
    """File, line and field, and the next move."""
    with pytest.raises(BadInput) as caught:
        parse(line("2026-11-01T00:00:00Z", A) + bad, "h")
    assert caught.value.title == where
    assert "correct the line" in caught.value.next_move


def test_texts_are_sanitised() -> None:
    """A name in the history cannot speak to the terminal."""
    (only,) = releases_of(parse(line("2026-11-01T00:00:00Z", A, ref="v1\\u001b[31m\\u202e!"), "h"))
    assert only.name == "v1!"


def test_no_file_is_no_history(tmp_path: Path) -> None:
    """A history that nobody wrote yet is empty; a file is read through the host it lies on."""
    assert read_deployments(LocalHost(), str(tmp_path / "absent")) == ()
    (tmp_path / "there").write_bytes(line("2026-11-01T00:00:00Z", A))
    assert [release.commit for release in read_deployments(LocalHost(), str(tmp_path / "there"))] == [A]
