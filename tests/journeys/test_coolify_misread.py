"""Answers that are well-formed and tell nothing: no debt is paid, no field believed, nothing taken for done by them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import fake_coolify_telling as telling
import pytest
from coolify_flight import GOOD, Flown, flying
from coolify_wire import APP, PATH, failed, gateway, root
from http_faults import FaultServer, json_body

from actions.model.errors import BadInput

BUSY = {"message": "One moment, please."}


def told_instead(flown: Flown, monkeypatch: pytest.MonkeyPatch, answer: dict[str, Any], *, after: str = "") -> None:
    """The application is told so, with 200, from now on or from the first request with the method ``after`` on.

    ``answer``: all that is told; fields that are None are taken out of the usual answer instead.
    """
    usual = telling.application
    seen = len(flown.coolify.asked(after)) if after else -1

    def other(*args: Any, **more: Any) -> dict[str, Any]:
        told = usual(*args, **more)
        if after and len(flown.coolify.asked(after)) == seen:
            return told
        gone = [key for key, value in answer.items() if value is None]
        return {key: value for key, value in told.items() if key not in gone} if gone else answer

    monkeypatch.setattr(telling, "application", other)


ODD = [BUSY, {"uuid": "someotherapplication", "name": "other", "git_commit_sha": "HEAD"}, {"git_commit_sha": None}]


@pytest.mark.parametrize("answer", ODD)
def test_a_pin_is_not_gone_because_nobody_tells_of_it(
    answer: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HEAD stands there only where Coolify says so: else the debt would be paid and the pin would stay."""
    with flying(tmp_path / "shop", monkeypatch, version="4.2.0", valid=False) as flown:
        flown.drawn()
        assert set(flown.fly().values()) == {"done"}, flown.said
        owed = flown.owed()
        assert len([text for text in owed if "pinned" in text]) == 1
        with monkeypatch.context() as odd:
            told_instead(flown, odd, answer)
            assert flown.run("Z2") in ("moved", "failed", "unknown")
            assert flown.owed() == owed
        assert flown.app.git_commit_sha == GOOD
        assert flown.run("Z2") == "done", flown.said
        assert (flown.app.git_commit_sha, [text for text in flown.owed() if "pinned" in text]) == ("HEAD", [])


@pytest.mark.parametrize("answer", [*ODD, {"settings": None}])
def test_what_was_set_is_owed_though_it_cannot_be_read_again(
    answer: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Taken by Coolify, and then an answer that does not tell: it is owed in doubt, not forgotten."""
    with flying(tmp_path / "shop", monkeypatch, valid=False) as flown:
        flown.drawn()
        assert flown.run("B1") == "done"
        told_instead(flown, monkeypatch, answer, after="PATCH")
        ended = flown.run("X1")
        assert flown.app.settings["is_auto_deploy_enabled"] is False
        if "git_commit_sha" in answer and answer["git_commit_sha"] is None:
            assert ended == "done"  # of another field: this one is told
        else:
            assert ended == "unknown", flown.said
        assert [text for text in flown.owed() if "auto-deploy" in text] != []


def test_an_answer_on_something_else_is_none() -> None:
    """By its own UUID, or by telling nothing that an application has."""
    server = FaultServer()
    try:
        for body in (
            '{"message": "hm"}',
            '{"uuid": "other7uuid", "name": "shop"}',
            "{}",
            '{"data": {"message": "hm"}}',
        ):
            server.answers = {PATH: json_body(body)}
            assert failed(gateway(root(server)).application, BadInput).code == "coolify-answer"
        server.answers = {PATH: json_body(f'{{"uuid": "{APP}"}}')}
        assert gateway(root(server)).application().git_commit_sha == ""
    finally:
        server.close()
