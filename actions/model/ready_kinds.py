"""Every kind of finding of ``goaround ready``, with its code, what it means and the one next move.

A code is a promise to scripts and to people on a call: it stays as it is, and a new meaning gets a new one. README's
table is made from here. What a finding is, and what follows from several, stands in ``ready``.
"""

from __future__ import annotations

from enum import Enum

from actions.model.errors import GoaroundError
from actions.model.ready import Finding, ReadyLevel

_E, _W, _I, _U = ReadyLevel.ERROR, ReadyLevel.WARNING, ReadyLevel.INFO, ReadyLevel.UNKNOWN


class ReadyKind(Enum):
    """Code, level, meaning, next move."""

    # -- the release that would be gone back to
    WAY_UNREAD = "way-unread", _E, "A configured way back cannot be read.", "see why, and run it again"
    TARGET_NONE = (
        *("target-none", _E, "No earlier release is there to go back to."),
        "keep the images of the last releases, or pull one",
    )
    TARGET_GONE = (
        *("target-gone", _E, "The image or commit of the release that would be gone back to is not there."),
        "pull or build it again now, while nothing burns",
    )
    TARGET_UNCHOSEN = (
        *("target-unchosen", _U, "Releases are there, but what runs is not known: none of them can be proposed."),
        "say how it is learnt what runs, or choose one yourself: t in the cockpit",
    )
    TARGET_OLDER = (
        *("target-older", _W, "The last good release is gone; an older one would be gone back to."),
        "pull or build the newer one again",
    )
    TARGET_UNSURE = (
        *("target-unsure", _W, "Whether the image is there is not known."),
        "look on the server: docker images",
    )
    TARGET_PRUNABLE = (
        *("target-prunable", _W, "A plain prune of Docker would take the image: no tag holds it."),
        "protect it by its tag, as it says, or with p in the cockpit",
    )
    TARGET_UNPROTECTED = (
        *("target-unprotected", _W, "Only its own tag holds the image: when that moves on, a plain prune takes it."),
        "protect it by its tag, as it says, or with p in the cockpit",
    )
    TARGET_NOT_PULLABLE = (
        *("target-not-pullable", _W, "The registry does not give the image by its digest."),
        "log in to the registry on the host, or push the image again",
    )
    TARGET_LOCAL = (
        *("target-local", _I, "The image has no digest of a registry: once it is gone, it cannot be pulled."),
        "push it to a registry",
    )
    RUNNING_UNKNOWN = (
        *("running-unknown", _W, "What runs now is not known, so nothing is known to be older."),
        "say how it is learnt: see [git] running, [coolify] containers",
    )
    # -- when a prune takes it
    PRUNE_TAKES_IT = (
        *("prune-takes-it", _E, "Coolify's next clean-up takes the image."),
        "let Coolify keep more images, as it says, or with p in the cockpit",
    )
    PRUNE_NEAR = (
        *("prune-near", _W, "One more deployment, and Coolify's clean-up takes the image."),
        "let Coolify keep more images, as it says, or with p in the cockpit",
    )
    PRUNE_UNKNOWN = (
        *("prune-unknown", _W, "When the server cleans up is not known."),
        "set coolify.server to the server's UUID",
    )
    # -- the schema
    SCHEMA_IRREVERSIBLE = (
        *("schema-irreversible", _E, "A migration since cannot be taken back: the code alone does not go back."),
        "make a backup before each deployment, write the reverse SQL by hand",
    )
    SCHEMA_REVERSE_FIRST = (
        *("schema-reverse-first", _W, "Migrations must be taken back before the code goes back."),
        "go back by the option migration first",
    )
    SCHEMA_UNKNOWN = (
        *("schema-unknown", _W, "Whether the code can live with the present schema is not known."),
        "see why it could not be read",
    )
    # -- backups
    BACKUP_NONE = "backup-none", _E, "There is no backup of the database.", "make one: goaround predeploy"
    BACKUP_BROKEN = (
        *("backup-broken", _E, "The newest backup cannot be restored: it is cut, damaged, or no dump."),
        "make a new one now, and find out why: goaround predeploy",
    )
    BACKUP_OLD = "backup-old", _W, "The newest backup is older than allowed.", "make one, look at its schedule"
    BACKUP_UNPROVEN = (
        *("backup-unproven", _W, "No backup that is there was ever proven by a restore."),
        "goaround ready --restore",
    )
    PROOF_OLD = "proof-old", _W, "The newest proven backup is older than allowed.", "goaround ready --restore"
    COOLIFY_BACKUP_FAILED = (
        *("coolify-backup-failed", _W, "The newest backup that Coolify made failed, or is empty."),
        "look at its backups in Coolify",
    )
    DATABASE_UNREACHED = (
        *("database-unreached", _E, "The database cannot be reached with the configured clients."),
        "see why: reach, role, password, bin in [database]",
    )
    DATABASE_RIGHTS = (
        *("database-rights", _E, "The configured role may not do what a restore needs."),
        "set database.admin to the owner with CREATEDB, or to a superuser",
    )
    DATABASE_HELD = (
        *("database-held", _E, "Nothing can take the database's place as it stands: a standby, a slot, a template."),
        "end what holds it, or name the primary in database.reach",
    )
    DUMP_TOO_OLD = (
        *("dump-too-old", _E, "pg_dump is older than the server: it refuses to dump it."),
        "install the clients of the server's version",
    )
    # -- tokens and rights
    TOKEN_BAD = "token-bad", _E, "Coolify does not take a token.", "make a new one, set its variable"
    TOKEN_RIGHT = (
        *("token-right", _E, "A token of Coolify lacks a right that the way back needs."),
        "make one with that ability",
    )
    TOKEN_MISSING = "token-missing", _E, "A token is not configured, or its variable is not set.", "set its variable"
    TOKEN_SENSITIVE = (
        *(
            "token-sensitive",
            _W,
            "The observing token lacks read:sensitive: no deployment log, no values of variables.",
        ),
        "make one with read and read:sensitive",
    )
    TOKEN_NOT_TRIED = (
        *("token-not-tried", _W, "Whether a token has a right could not be tried."),
        "run it again when Coolify answers",
    )
    TOKEN_EXPOSED = (
        *(
            "token-exposed",
            _W,
            "Whoever stands between reads the tokens: http://, or a certificate that is not checked.",
        ),
        "use https:// (coolify.ca_file for an authority of one's own), or a tunnel: ssh -L",
    )
    # -- tools, host, people
    TOOL_MISSING = "tool-missing", _E, "A program that the way back needs is not there.", "install it on that machine"
    HOST_UNREACHED = "host-unreached", _E, "The system's host does not answer.", "try ssh by hand"
    DISK_FULL = "disk-full", _E, "Almost no room is left on a disk that the way back needs.", "make room there"
    DISK_LOW = "disk-low", _W, "Little room is left on a disk that the way back needs.", "make room there"
    CLOCK_OFF = (
        *("clock-off", _W, "A clock is off: times in its logs and in the record do not mean the same."),
        "switch on its time synchronisation (chrony, systemd-timesyncd)",
    )
    KEY_UNUSABLE = (
        *("key-unusable", _W, "This login cannot sign: no key of theirs can be used."),
        "ssh-add the key, or forward the agent with ssh -A",
    )
    KEY_NEEDED = (
        *("key-needed", _E, "This login cannot sign, and approvals must be signed."),
        "ssh-add the key, or forward the agent with ssh -A",
    )
    SIGNERS_UNREAD = (
        *("signers-unread", _E, "The file of allowed signers cannot be read: no signature can be checked."),
        "set signing.allowed_signers to the right file",
    )
    SIGNER_MISSING = (
        *("signer-missing", _W, "Somebody of [people] has no key in the file of allowed signers."),
        "add their public key",
    )
    # -- the remote, the probes
    REMOTE_UNREACHED = "remote-unreached", _E, "The git remote does not answer.", "try git fetch by hand"
    REMOTE_REFUSES = (
        *("remote-refuses", _E, "The git remote would not take a branch (dry run)."),
        "let this login push branches there",
    )
    PROBE_FAILS = "probe-fails", _W, "A probe fails now: coming back could not be proven by it.", "look at it"
    PROBE_NONE = (
        *("probe-none", _W, "No probe is configured: nothing proves that the system is back."),
        "add a [[probe]] table",
    )
    # -- the checks themselves
    CHECK_TIMED_OUT = (
        *("check-timed-out", _U, "A check did not come to an end in its time; the others did."),
        "look at what it asks, or give it more time: [ready] answer",
    )
    CHECK_FAILED = "check-failed", _U, "A check could not be made; the others were.", "see why, and run it again"

    def __init__(self, code: str, level: ReadyLevel, meaning: str, next_move: str) -> None:
        self.code = code
        self.level = level
        self.meaning = meaning
        self.next_move = next_move

    def finding(self, text: str, about: str = "", move: str = "", step: str = "") -> Finding:
        """A finding of this kind. ``about``: which way back, target or thing; ``move``: a nearer next move;
        ``step``: id of the step of a plan that mends it."""
        return Finding(self.code, text, self.level, about, move or self.next_move, step)

    def of_error(self, error: GoaroundError, about: str = "", before: str = "") -> Finding:
        """What failed; its own next move is nearer than that of its kind. ``before``: said in front of it."""
        words = GoaroundError(error.title, error.detail).line()
        return self.finding(f"{before}{words}", about, error.next_move)


KINDS: dict[str, ReadyKind] = {kind.code: kind for kind in ReadyKind}


def ready_table() -> str:
    """README's table of codes."""
    rows = [f"| `{one.code}` | {one.level.value} | {one.meaning} | {one.next_move} |" for one in ReadyKind]
    return "\n".join(["| Code | Level | Means | Next |", "|---|---|---|---|", *rows])
