"""What git's words mean: which names are allowed, what a full id is, and why a remote said no.

Pure text in, plain words out; running git is left to the gateway, what to do about it to the steps. Git is asked to
speak English (``LC_ALL=C``) wherever its words are read here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from actions.model.outside_text import sanitise

ALLOWED_PROTOCOLS = "file:git:http:https:ssh"
"""Transports that git may use for us; ``ext::`` would run any command."""

NEVER_ASK = {
    "GCM_INTERACTIVE": "never",
    "GIT_ALLOW_PROTOCOL": ALLOWED_PROTOCOLS,
    "GIT_ASKPASS": "false",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
    "SSH_ASKPASS_REQUIRE": "never",
}
"""Environment in which git and ssh fail where they would ask; the user's own ssh command and keys stay in use."""

_FULL_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_HOOK_LINE = re.compile(r"^remote:\s?(.*)$")
_SHOWN_OF_HOOK = 300


def is_full_id(text: str) -> bool:
    """Whether this is a whole object id: 40 (sha1) or 64 (sha256) lower-case hexadecimal digits."""
    return _FULL_ID.fullmatch(text) is not None


def branch_problem(name: str) -> str:
    """Why this may not be the name of a new branch (git's rules and a few of ours), or empty."""
    if not name:
        return "is empty"
    if len(name.encode("utf-8", "replace")) > 200:
        return "is longer than 200 bytes"
    if not re.fullmatch(r"[A-Za-z0-9._/-]+", name):
        return "holds something else than letters, digits, '.', '_', '/' and '-'"
    if name[0] in "-./" or name[-1] in "./":
        return f"may not begin or end like {name[0]!r}…{name[-1]!r}"
    if ".." in name or "//" in name:
        return "holds '..' or '//'"
    if any(part.startswith(".") or part.endswith(".lock") for part in name.split("/")):
        return "has a part that begins with '.' or ends in '.lock'"
    if name == "HEAD" or name.startswith("refs/"):
        return "is a name that git uses itself"
    if re.fullmatch(r"[0-9a-f]{4,64}", name):
        return "looks like a commit id"
    return ""


def in_the_way(branch: str, refs: Iterable[str]) -> str:
    """The branch among these refs that keeps git from making this one: to git it is a file where a folder must be."""
    there = {name.removeprefix("refs/heads/") for name in refs if name.startswith("refs/heads/")}
    parts = branch.split("/")
    above = ("/".join(parts[:count]) for count in range(1, len(parts)))
    below = (name for name in sorted(there) if name.startswith(f"{branch}/"))
    return next((name for name in above if name in there), next(below, ""))


def filled(argv: tuple[str, ...], *, ref: str, sha: str) -> tuple[str, ...]:
    """The deploy command with ``{ref}`` and ``{sha}`` replaced in each word; every other brace stays as it is."""
    given = {"{ref}": ref, "{sha}": sha}
    return tuple(re.sub(r"\{(?:ref|sha)\}", lambda found: given[found.group()], word) for word in argv)


def shown_url(url: str) -> str:
    """A remote's URL without what may be a secret in it: http user names and passwords, ssh passwords, queries."""
    url = sanitise(url, limit=300)
    match = re.match(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<who>[^/]*@)?(?P<rest>.*)$", url)
    if not match:
        return url
    who = match["who"] or ""
    if who:
        who = "***@" if match["scheme"].lower() != "ssh" else who.split(":")[0].rstrip("@") + "@"
    rest, query, _ = match["rest"].partition("?")
    return f"{match['scheme']}://{who}{rest}{'?…' if query else ''}"


@dataclass(frozen=True)
class Refusal:
    """Why git or a remote did not do what was asked: in words, with the operator's next move."""

    why: str
    next_move: str
    lost: bool = False
    """Nobody answered: whether something came about is not known."""


# In order: the first pattern found in what git said decides. The remote's own reasons come before git's summary.
_REFUSALS: tuple[tuple[str, Refusal], ...] = (
    (
        r"terminal prompts disabled|could not read (?:Username|Password|passphrase)|unable to read askpass",
        Refusal(
            "the remote asks for a password, and nobody is asked in an incident",
            "give git a credential helper or an ssh key, so that `git ls-remote` works without a question",
        ),
    ),
    (
        r"Host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED",
        Refusal(
            "the remote's ssh host key is not known or has changed",
            "compare the fingerprint with the one you were given, then connect once by hand",
        ),
    ),
    (
        r"Permission denied \(|Authentication failed|HTTP (?:Basic: )?(?:401|403)"
        r"|The requested URL returned error: 40[13]"
        r"|Write access .* not granted|[Pp]ermission to .* denied|Access denied|invalid credentials",
        Refusal(
            "the remote refuses our login",
            "check the ssh key or token of this user, and its right to push",
        ),
    ),
    (
        r"protected branch|GH006|GL-HOOK-ERR|not allowed to (?:push|create)|repository rule violations|GH013",
        Refusal(
            "the remote protects this branch name",
            "allow the pattern on the remote, or set git.branch to a name that may be created",
        ),
    ),
    (
        r"deletion (?:of the current branch )?prohibited|not allowed to delete",
        Refusal(
            "the remote lets no branch be deleted",
            "delete it by hand with a login that may, or have it allowed for branches of this pattern",
        ),
    ),
    (
        r"stale info",
        Refusal(
            "the branch has been moved meanwhile, so it was left as it is",
            "see whose it is now; what is owed for it can be paid with words",
        ),
    ),
    (
        r"(?:pre-receive|update|reference-transaction|post-receive) hook (?:declined|failed)|hook declined",
        Refusal("a hook of the remote declined it", "read what the hook says; nothing was changed on the remote"),
    ),
    (
        r"non-fast-forward|fetch first|\(already exists\)|reference already exists",
        Refusal(
            "a branch of this name is there already and holds something else",
            "draw the plan again: it takes a new name; nothing is ever forced",
        ),
    ),
    (
        r"shallow update not allowed",
        Refusal("the clone is shallow and the remote lacks its history", "run `git fetch --unshallow` in the clone"),
    ),
    (
        r"No space left on device|unpacker error|unpack-objects abnormal exit|index-pack abnormal exit",
        Refusal("the remote could not store the objects", "free space on the remote, then run the step again"),
    ),
    (
        r"cannot lock ref|failed to (?:update|lock) ref|directory/file conflict|refname conflict",
        Refusal(
            "the remote could not write the branch: a name above or below it, or another push, is in its way",
            "look at the remote's branches, then draw the plan again",
        ),
    ),
    (
        r"src refspec .* does not match|bad object|did not match any|missing necessary objects|invalid object",
        Refusal("the commit is not whole in the clone", "run `git fetch --tags` in the clone, then draw again"),
    ),
    (
        r"from promisor remote|lazy fetching disabled",
        Refusal(
            "the clone is partial and lacks what is asked for; nothing is fetched in an incident",
            "take a whole clone: git clone without --filter, or `git fetch --refetch --no-filter` in this one",
        ),
    ),
    (
        r"transport '.*' not allowed",
        Refusal(
            "the remote uses a transport that is not allowed",
            "use an ssh, https, http, git or file remote",
        ),
    ),
    (
        r"strange (?:hostname|pathname|port)",
        Refusal("the remote's address begins with '-'", "correct the URL of the remote"),
    ),
    (
        r"dubious ownership",
        Refusal(
            "the clone belongs to another user, so git does not trust its settings",
            "run as its owner, or `git config --global --add safe.directory PATH` when you trust it",
        ),
    ),
    (
        r"Could not resolve host|Name or service not known|nodename nor servname|Temporary failure in name resolution",
        Refusal("the remote's name is not found", "check the name and DNS; the network may be down", lost=True),
    ),
    (
        r"Connection refused|Failed to connect|Could not connect|Couldn't connect|No route to host"
        r"|Network is unreachable|[Cc]onnection timed out|unable to connect to",
        Refusal("the remote does not answer", "check the network and whether the git server is up", lost=True),
    ),
    (
        r"Connection reset|early EOF|unexpected disconnect|hung up unexpectedly|Broken pipe|RPC failed"
        r"|Connection closed",
        Refusal("the remote ended the connection", "look whether the git server is well, then try again", lost=True),
    ),
    (
        r"does not appear to be a git repository|[Rr]epository (?:'.*' )?not found|No such remote",
        Refusal("there is no such repository at the remote", "correct the remote's URL or our right to see it"),
    ),
    (
        r"not a git repository",
        Refusal("this is no git repository", "set git.repository to a clone of the application"),
    ),
)


def refusal(text: str) -> Refusal | None:
    """What git's output says went wrong, or None when it is nothing we know."""
    for pattern, meaning in _REFUSALS:
        if re.search(pattern, text):
            return meaning
    return None


def why_ended(text: str, summary: str, *, sure: bool) -> tuple[Refusal | None, str]:
    """What is known of git's failure, and in words why it was; where git says nothing, the ``summary``.

    ``sure``: it ended by itself. Whom we ended, at a deadline, may still say that the other side hung up: that tells of
    us and not of the remote, and is not asked.
    """
    known = refusal(text) if sure else None
    if known is not None:
        return known, known.why
    return None, (last_words(text) if sure else "") or summary


def remote_said(text: str) -> str:
    """What a remote's hooks printed (``remote:`` lines), on one line, bounded; ``text`` may come straight from git."""
    clean = sanitise(text, keep_newlines=True)
    said = [found.group(1).strip() for line in clean.splitlines() if (found := _HOOK_LINE.match(line))]
    return sanitise(" ".join(" ".join(said).split()), limit=_SHOWN_OF_HOOK)


def last_words(text: str, limit: int = 300) -> str:
    """The line of git's output that tells most: the last ``fatal:`` or ``error:``, else the last one."""
    lines = [line.strip() for line in sanitise(text, keep_newlines=True).splitlines() if line.strip()]
    telling = [line for line in lines if line.startswith(("fatal:", "error:", "ERROR"))]
    chosen = telling or lines
    return sanitise(chosen[-1], limit=limit) if chosen else ""
