"""The schema verdicts of the releases, in the cockpit and in the plain list, read behind the screen from a database."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django_ground import environment, lay_out, migrated
from git_ground import commit, git
from pilot_moves import sees
from postgres_server import PostgresServer
from tiny_system import Tiny, build

from actions.model.errors import Refused
from actions.model.matrix import Decision
from actions.model.record_text import markdown
from app.cockpit import cockpit
from app.plain_schema import words_of
from app.session import Session
from widgets.history import ReleaseHistory

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(180)]


@pytest.fixture
def session(
    request: pytest.FixtureRequest, tmp_path: Path, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Session]:
    """Releases v4 and v5 of a Django project; v5 (release 2 of it, or the one named) is deployed over its database."""
    monkeypatch.setenv("PGHOST", str(postgres.folder))
    newest = getattr(request, "param", "2")
    shop = migrated(tmp_path, postgres, "1", newest)
    tiny: Tiny = build(tmp_path / "tiny")
    work = tiny.ground.remote.parent / "work"
    for number, release in ((4, "1"), (5, newest)):
        git(work, "rm", "-rq", "--ignore-unmatch", "site")
        lay_out(work / "site", release)
        git(work, "add", ".")
        commit(work, f"Release {number}", 1794000000 + 86400 * number)
        git(work, "tag", f"v{number}")
    git(work, "push", "-q", "origin", "main", "--tags")
    git(tiny.ground.clone, "fetch", "-q", "--tags")
    given = ", ".join(f"{key} = {json.dumps(text)}" for key, text in environment(postgres, shop.database).items())
    text = tiny.config.read_text().replace("[git]\n", f'[git]\ndirectory = "{shop.folder}"\n')
    text += f'\n[database]\nname = "{shop.database}"\nreach = "host"\nrole = "ops"\nbin = "{postgres.programs}"\n'
    text += f'\n[django]\nmanage = ["{sys.executable}", "manage.py"]\nenv = {{ {given} }}\n'
    tiny.config.write_text(text)
    one = tiny.session()
    assert one.take_lease()
    one.declare("pages fail")
    yield one
    one.close()
    one.journal.close()


async def test_the_list_stands_at_once_and_the_verdicts_come(session: Session) -> None:
    """S01: not read yet, then SAFE and REVERSE FIRST beside the way back; the reason stands in the border."""
    app = cockpit(session, ascii=False)
    async with app.run_test(size=(160, 48)) as pilot:
        await sees(pilot, "v5", "schema")
        text = await sees(pilot, "✔ safe", "↷ reverse first")
        assert "↷ reverse" in next(line for line in text.splitlines() if "v4" in line and "schema" not in line)
        history = app.screen.query_one(ReleaseHistory)
        four = next(one for one in history.releases if one.name == "v4")
        history.highlight(four.identity)
        await sees(pilot, "schema ↷ reverse first: the target does not know")


def test_the_plain_list_says_them_in_words(session: Session) -> None:
    """The same verdicts, in the row of each release."""
    said: list[str] = []
    releases = session.releases()
    words = words_of(session, releases, said.append)
    four, five = (next(one for one in releases if one.name == name) for name in ("v4", "v5"))
    assert words(four).startswith("schema REVERSE FIRST")
    assert words(five).startswith("schema SAFE")
    assert any("the target does not know" in line for line in said)


@pytest.mark.parametrize("session", ["one-way"], indirect=True)
def test_what_cannot_be_taken_back_goes_forward(session: Session) -> None:
    """L05, L07: the option is refused and names the ways that are left; closing as forward says so in the record."""
    four = next(one for one in session.releases() if one.name == "v4")
    with pytest.raises(Refused) as ended:
        session.draw(four, "migration")
    assert "one_way" in ended.value.line()
    assert "forward" in ended.value.line()
    session.decide(Decision.FIX_FORWARD, "0004_one_way cannot be taken back, and the loss of a restore is too high")
    session.close_incident("forward", "the next release adds what is missing", "OPS-12", "3d")
    closed = session.incident.closed
    assert closed is not None
    assert closed.outcome == "forward"
    text = markdown(session.incident, session.journal.events(session.incident.id))
    assert "0004_one_way cannot be taken back" in text
    assert "OPS-12" in text
