"""`goaround procedure check`: what an operator and a program are told of a procedure, with the exit status."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from app.cli import main
from app.procedure_check import check

KEYS = {
    *("title", "owner", "updated", "next_review", "criteria", "matrix", "checklists", "options", "contacts"),
    *("escalation", "messages", "sign_off", "links", "not_understood", "usable", "reasons"),
}


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["procedure", "check", *words])
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out, err


def test_the_built_in_one_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a file the built-in one; the keys are exactly those that are promised."""
    status, out, _ = run(capsys, "--json")
    data = json.loads(out)
    assert status == 0
    assert set(data) == KEYS
    assert data["usable"] is True
    assert data["reasons"] == data["not_understood"] == []
    assert data["matrix"][0]["deadline_s"] == 900
    assert {"users_low", "users_high", "users", "data_risk", "decision", "severity"} <= set(data["matrix"][0])
    assert {"name", "phase", "time_box_s", "items"} <= set(data["checklists"][0])
    assert {"code", "text", "kind", "line"} <= set(data["checklists"][0]["items"][0])
    assert {"name", "duration", "risk", "steps"} <= set(data["options"][0])
    assert data["options"][1]["steps"][0]["commands"][0]["line"] > 0


def test_the_built_in_one_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    """Every part with its lines, and the review that is overdue."""
    assert check("", as_json=False, today=date(2026, 2, 1)) == 0
    out = capsys.readouterr().out
    for part in ("Criteria (18)", "Matrix (4 rows)", "Checklist: Backup", "Option: Option 3", "People (4)", "Sign-off"):
        assert part in out
    assert "K1 Snapshot of the database made" in out
    assert "[sensed backup.current]" in out
    assert "[gate]" in out
    assert "warning: its review was due in January 2026: 1 days ago" in out
    assert out.endswith("usable\n")


def test_no_warning_before_the_review_is_due(capsys: pytest.CaptureFixture[str]) -> None:
    """On the last day of the month that was written, the review is not late."""
    check("", as_json=False, today=date(2026, 1, 31))
    assert "review was due" not in capsys.readouterr().out


def test_one_that_cannot_be_flown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Status 1, with every reason, for people and for programs."""
    file = tmp_path / "r.md"
    file.write_text(
        "# R\n| Severity | Users | Action | Time |\n|---|---|---|---|\n| High | 10-60 % | Roll back | 1 h |\n"
        "| High | 40-80 % | Fix forward | 2 h |\n\n- [ ] a <!-- code: K1 -->\n- [ ] b <!-- code: K1 -->\n"
    )
    status, out, _ = run(capsys, str(file), "--json")
    data = json.loads(out)
    assert (status, data["usable"]) == (1, False)
    assert data["reasons"] == [
        "code K1 is given more than once: lines 7, 8",
        "lines 4 and 5: High asks for Roll back and for Fix forward",
    ]
    status, out, _ = run(capsys, str(file))
    assert status == 1
    assert out.count("not usable: ") == 2


def test_bad_input_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Status 2: no file, no text, no sub-command."""
    file = tmp_path / "r.md"
    file.write_bytes(b"# R\ncaf\xe9\n")
    for name, said in ((str(tmp_path / "gone.md"), "does not exist"), (str(file), "r.md:2 is not UTF-8")):
        status, out, err = run(capsys, name)
        assert (status, out, err.count("\n")) == (2, "", 1)
        assert "next: " in err
        assert said in err
    status, out, _ = run(capsys, str(file), "--json")
    assert (status, json.loads(out)["error"]["code"]) == (2, "bad-input")
    with pytest.raises(SystemExit) as ended:
        main(["procedure"])
    assert ended.value.code == 2


def test_the_parser_is_loaded_by_the_readers_alone() -> None:
    """Opening the cockpit loads no Markdown: neither the command line nor the model of procedures imports it."""
    code = (
        "import sys, app.cli, actions.model.procedure, actions.model.procedure_check, app.session;"
        "sys.exit(any(name.split('.')[0] == 'markdown_it' for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
