"""Failures have a code that stays, beside words that may change."""

from __future__ import annotations

from actions.model import errors
from actions.model.errors import ConfigError, GoaroundError, Refused


def kinds() -> list[type[GoaroundError]]:
    return [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, GoaroundError)]


def test_every_kind_of_failure_has_a_code_of_its_own() -> None:
    """R05: a script and two people on a call tell failures apart by one word, not by a sentence."""
    codes = {kind.__name__: kind.kind_code for kind in kinds()}
    assert codes == {
        "GoaroundError": "failed",
        "BadInput": "bad-input",
        "ConfigError": "bad-config",
        "Refused": "refused",
        "WorldMoved": "world-moved",
        "Unreachable": "unreachable",
        "OutcomeUnknown": "outcome-unknown",
        "CommandFailed": "command-failed",
        "RecordDamaged": "record-damaged",
    }


def test_a_failure_may_have_a_closer_code() -> None:
    """R05: why a release cannot be chosen has a word, too; the line for people stays as it was."""
    gone = Refused("2025-09-21 is gone", "its image was pruned", "choose another release", code="target-gone")
    assert gone.code == "target-gone"
    assert gone.line() == "2025-09-21 is gone: its image was pruned (next: choose another release)"
    assert gone.to_json() == {
        "code": "target-gone",
        "title": "2025-09-21 is gone",
        "detail": "its image was pruned",
        "next": "choose another release",
    }
    assert Refused("no").code == "refused"
    assert ConfigError("goaround.toml", 3, "prove.passes", "must be a number").code == "bad-config"
