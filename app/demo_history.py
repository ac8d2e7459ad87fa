"""The history of the demo system's repository: who committed what and when, and which commits are releases.

The newest good source is ``demo_site.py`` itself; what came before is that source with the later changes
taken back, and what came after is the release that breaks. The result is one stream for ``git fast-import``,
the same to the last byte for the same "now". Running git, and everything around it, is left to others.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import files

ROSA = "Rosa Lindqvist <rosa@example.org>"
AMIR = "Amir Daud <amir@example.org>"
MELE = "Mele Santos <mele@example.org>"

SITE, README, CHANGES = "site.py", "README.md", "CHANGES.md"
SCHEMA = "migrations/0001_community.sql"
WARD = "migrations/0002_community_ward.sql"

README_TEXT = """# Community register

Lists the communities of every region, with their households, for the field teams.

- `/` totals of each region, `/communities/` the register with its search, `/login/` the sign-in page
- `/health/` the process answers, `/ready/` it can work, `/version` the commit that was deployed
- Database: SQLite; its schema is in `migrations/`, applied by hand in order

## On a laptop

Copy the database from staging, write a REVISION file, and serve `site.py` with any WSGI server.
"""

SCHEMA_TEXT = """CREATE TABLE community (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    region TEXT NOT NULL,
    households INTEGER NOT NULL
);
CREATE INDEX community_by_region ON community (region, name);
"""


@dataclass(frozen=True)
class Edit:
    """One replacement in one file. An empty ``old`` makes the file."""

    path: str
    old: str
    new: str


@dataclass(frozen=True)
class Change:
    """One commit; ``release`` marks those that got a tag and were deployed."""

    before: timedelta  # how long before now it was committed
    author: str
    subject: str
    body: str
    edits: tuple[Edit, ...]
    release: bool = False


@dataclass(frozen=True)
class Release:
    """A tag: its name, the mark of its commit in the stream, when it was tagged, and what it says."""

    tag: str
    mark: int
    tagged: datetime
    subject: str


@dataclass(frozen=True)
class History:
    """The stream for ``git fast-import`` and its releases, oldest first; the last one is broken."""

    stream: bytes
    releases: tuple[Release, ...]


READ_ONCE = '''    def read(self, query: str, *values: object) -> list[sqlite3.Row]:
        """All rows of one query."""
        with closing(self._open()) as connection:
            return connection.execute(query, values).fetchall()
'''
READ_LEAKING = '''    def read(self, query: str, *values: object) -> list[sqlite3.Row]:
        """All rows of one query."""
        return self._open().execute(query, values).fetchall()
'''
READ_RETRYING = '''    def read(self, query: str, *values: object) -> list[sqlite3.Row]:
        """All rows of one query; the database may be busy, so a failed read is tried twice more."""
        for pause in (0.3, 0.6):
            try:
                return self._read_once(query, *values)
            except sqlite3.OperationalError as error:
                log.warning("database read failed, next try in %.1f s: %s", pause, error)
                time.sleep(pause)
        return self._read_once(query, *values)

    def _read_once(self, query: str, *values: object) -> list[sqlite3.Row]:
        with closing(self._open()) as connection:
            return connection.execute(query, values).fetchall()
'''

CHANGES_MADE: tuple[Change, ...] = (
    Change(
        timedelta(days=44, hours=2, minutes=11),
        ROSA,
        "Register of communities with search and sign-in",
        "Replaces the spreadsheet that went round by mail.",
        (),
    ),
    Change(
        timedelta(days=41, hours=3, minutes=40),
        AMIR,
        "Front page: add up the households of a region",
        "It showed those of the largest community only.",
        (Edit(SITE, "max(households) AS households", "sum(households) AS households"),),
        release=True,
    ),
    Change(
        timedelta(days=35, hours=6, minutes=5),
        MELE,
        "Search inside names, not only at their beginning",
        "",
        (Edit(SITE, "LIKE ? || '%'", "LIKE '%' || ? || '%'"),),
    ),
    Change(
        timedelta(days=33, hours=1, minutes=52),
        ROSA,
        "Show 25 communities on a page instead of 50",
        "Field teams open the register on their phones.",
        (Edit(SITE, "PAGE_SIZE = 50", "PAGE_SIZE = 25"),),
        release=True,
    ),
    Change(
        timedelta(days=27, hours=4, minutes=33),
        AMIR,
        "Log pages slower than half a second",
        "",
        (Edit(SITE, "SLOW_SECONDS = 2.0", "SLOW_SECONDS = 0.5"),),
    ),
    Change(
        timedelta(days=25, hours=2, minutes=18),
        MELE,
        "Sign-in page: say whom to ask for an account",
        "",
        (Edit(SITE, "No account? Write to us.", "No account? Ask the help desk of your region."),),
        release=True,
    ),
    Change(
        timedelta(days=18, hours=5, minutes=47),
        AMIR,
        "Close the database after each read",
        "Open files piled up until the nightly restart.",
        (Edit(SITE, READ_LEAKING, READ_ONCE),),
    ),
    Change(
        timedelta(days=11, hours=3, minutes=9),
        ROSA,
        "Refresh the totals every five seconds, not every second",
        "",
        (Edit(SITE, "REFRESH_SECONDS = 1.0", "REFRESH_SECONDS = 5.0"),),
        release=True,
    ),
    Change(
        timedelta(days=5, hours=7, minutes=26),
        MELE,
        "README: how to run the register on a laptop",
        "",
        (Edit(README, "Ask Rosa.", README_TEXT.rpartition("\n\n")[2].strip()),),
    ),
    Change(
        timedelta(days=3, hours=1, minutes=31),
        ROSA,
        "Sort communities by name within their region",
        "",
        (Edit(SITE, "ORDER BY c.id", "ORDER BY c.region, c.name"),),
        release=True,
    ),
    Change(
        timedelta(days=1, hours=4, minutes=2),
        AMIR,
        "Try a failed database read again, twice",
        "For the seconds in which the nightly import holds the database.",
        (Edit(SITE, READ_ONCE, READ_RETRYING),),
    ),
    Change(
        timedelta(minutes=38),
        MELE,
        "Register: show the ward of every community",
        "The column comes with migration 0002.",
        (
            Edit(
                SITE,
                '"c.id, c.name, c.region, c.households"',
                '"c.id, c.name, c.region, c.ward_code, c.households"',
            ),
            Edit(SITE, '("Name", "Region", "Households")', '("Name", "Region", "Ward", "Households")'),
            Edit(SITE, "count(DISTINCT region) AS areas", "count(DISTINCT ward_code) AS areas"),
            Edit(WARD, "", "ALTER TABLE community ADD COLUMN ward_code TEXT;\n"),
        ),
        release=True,
    ),
)
RETRYING_FROM = len(CHANGES_MADE) - 2  # from here on the source is newer than demo_site.py
TAGGED_AFTER = timedelta(minutes=6)


def site_source(name: str) -> str:
    """The text of one of the demo's own source files."""
    return files("app").joinpath(name).read_text("utf-8")


def first_tree() -> dict[str, str]:
    """The files of the first commit: today's good ones with every later change taken back."""
    tree = {SITE: site_source("demo_site.py"), README: README_TEXT, SCHEMA: SCHEMA_TEXT}
    for change in reversed(CHANGES_MADE[:RETRYING_FROM]):
        for edit in reversed(change.edits):
            replace(tree, Edit(edit.path, edit.new, edit.old))
    return tree


def replace(tree: dict[str, str], edit: Edit) -> None:
    """Make one edit in the tree. A text that is not there exactly once is a bug of this file."""
    if edit.old == "" and edit.path not in tree:
        tree[edit.path] = edit.new
        return
    if tree[edit.path].count(edit.old) != 1:
        raise ValueError(f"{edit.path} does not hold exactly once: {edit.old!r}")
    tree[edit.path] = tree[edit.path].replace(edit.old, edit.new)


def history(now: datetime) -> History:
    """The repository as it looks at ``now`` (aware; seconds count)."""
    tree = first_tree()
    stream: list[bytes] = []
    releases: list[Release] = []
    unreleased: list[str] = []
    for mark, change in enumerate(CHANGES_MADE, start=1):
        when = now - change.before
        for edit in change.edits:
            replace(tree, edit)
        unreleased.append(f"- {change.subject}")
        if change.release:
            tag = f"{when + TAGGED_AFTER:%Y.%m.%d}"
            releases.append(Release(tag, mark, when + TAGGED_AFTER, change.subject))
            tree[CHANGES] = "\n".join([f"## {tag}", "", *unreleased, "", tree.get(CHANGES, "")]).rstrip() + "\n"
            unreleased.clear()
        stream.append(_commit(mark, change, when, tree))
    stream.extend(_tag(release) for release in releases)
    stream.append(b"done\n")
    return History(b"".join(stream), tuple(releases))


def _data(text: str) -> bytes:
    raw = text.encode()
    return b"data %d\n%s\n" % (len(raw), raw)


def _person(role: str, name: str, when: datetime) -> bytes:
    return f"{role} {name} {int(when.timestamp())} +0000\n".encode()


def _commit(mark: int, change: Change, when: datetime, tree: dict[str, str]) -> bytes:
    message = change.subject + "\n" + (f"\n{change.body}\n" if change.body else "")
    parts = [b"commit refs/heads/main\nmark :%d\n" % mark]
    parts += [
        _person("author", change.author, when),
        _person("committer", change.author, when),
        _data(message),
    ]
    for path, text in sorted(tree.items()):
        parts.append(f"M 100644 inline {path}\n".encode() + _data(text))
    return b"".join(parts)


def _tag(release: Release) -> bytes:
    message = f"Release {release.tag}\n\n{release.subject}\n"
    start = f"tag {release.tag}\nfrom :{release.mark}\n".encode()
    return start + _person("tagger", ROSA, release.tagged) + _data(message)
