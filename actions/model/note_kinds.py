"""Every kind of note, with its code: the one place where a note begins. What a note is stands in ``note``.

A code is a promise to scripts and to people on a call: it stays as it is, and a new meaning gets a new one.
"""

from __future__ import annotations

from enum import Enum

from actions.model.note import Level, Note


class NoteKind(Enum):
    """Every kind of note: its code, its level, and what it tells."""

    RUNNING_UNKNOWN = "running-unknown", Level.WARNING, "What runs now is not configured, not told, or cannot be read."
    RUNNING_NOT_IN_CLONE = "running-not-in-clone", Level.WARNING, "The commit that runs is not in the clone."
    HISTORY_UNUSED = "history-unused", Level.WARNING, "The history of deployments cannot be read and is left out."
    NO_UNDO = "no-undo", Level.WARNING, "What runs now cannot be put back by an undo."
    NOTHING_RUNS = "nothing-runs", Level.WARNING, "Nothing runs, so there is nothing that an undo could put back."
    FILES_DIFFER = "files-differ", Level.INFO, "How many files differ from what runs; no migration is among them."
    MIGRATIONS_DIFFER = "migrations-differ", Level.WARNING, "Migrations differ: code goes back, the database does not."
    DIFFERENCE_UNKNOWN = "difference-unknown", Level.WARNING, "What differs from what runs cannot be learnt."
    CLONE_DIRTY = "clone-dirty", Level.WARNING, "The clone has uncommitted changes; they are kept, not touched."
    NO_LOGS_CONFIGURED = "no-logs-configured", Level.WARNING, "No log of what runs is kept: none is configured."
    BRANCH_STAYS = "branch-stays", Level.INFO, "Which branches stay on the remote until somebody removes them."
    GOES_BACK = "goes-back", Level.INFO, "Which services go back together, and why these."
    NOT_PULLED = "not-pulled", Level.INFO, "Nothing is pulled and built: the images are on the engine."
    NOT_TOUCHED = "not-touched", Level.INFO, "Which services of the project stay as they are."
    ON_TARGET = "on-target", Level.INFO, "Which services run the release already."
    DATA_STAYS = "data-stays", Level.INFO, "Only images go back; environment, volumes and databases stay."
    PLAIN_UP = "plain-up", Level.INFO, "Until it is committed, a plain `up` takes the rollback back."
    WILL_BE_STARTED = "will-be-started", Level.INFO, "A container that is down now will be started."
    JOB_NOT_STARTED = "job-not-started", Level.INFO, "A service is a job that runs once and is not started."
    TAKEN_FOR_JOB = "taken-for-job", Level.WARNING, "A service that has ended is taken for a job; it may be none."
    NO_CONTAINER = "no-container", Level.INFO, "Services that nobody started, and that are left alone."
    IMAGES_MIXED = "images-mixed", Level.WARNING, "A service runs different images; an undo puts it on one of them."
    NOT_COMMITTABLE = "not-committable", Level.WARNING, "The rollback cannot be written into the Compose files."
    CHANGE_NOT_SHOWN = "change-not-shown", Level.WARNING, "The change of the configuration could not be worked out."
    CHANGES_ELSEWHERE = "changes-elsewhere", Level.WARNING, "The override changes more than the images."
    COMPOSE_MIXED = "compose-mixed", Level.WARNING, "Containers of Compose v1 and v2 are mixed; some get new names."
    COMPOSE_RENAMES = (
        "compose-renames",
        Level.WARNING,
        "The only Compose is another generation: containers are renamed.",
    )
    COMPOSE_MATCHED = "compose-matched", Level.INFO, "The Compose that made the containers is used, not the newest."
    COMPOSE_WARNS = "compose-warns", Level.WARNING, "Compose itself warns of something in the project."
    DOLLAR_IN_VALUE = "dollar-in-value", Level.WARNING, "A `$` in a value is taken for a variable; a piece is lost."
    PROFILES_GIVEN = "profiles-given", Level.INFO, "Profiles that are not active here are given, as their services run."
    PROFILES_UNKNOWN = "profiles-unknown", Level.WARNING, "Services run whose profile is not known; they stay."
    SERVICE_LEFT_ALONE = "service-left-alone", Level.WARNING, "Containers of services that the files do not have."
    GOES_ON_RUNNING = "goes-on-running", Level.WARNING, "A container goes on with the release that is left."
    IMAGE_NAME_BAD = "image-name-bad", Level.WARNING, "A Compose file names an image that cannot be an image's name."
    OTHER_FILES = "other-files", Level.WARNING, "The containers were made from other Compose files than configured."
    SCHEMA_SAFE = "schema-safe", Level.INFO, "The target knows every migration that the database has recorded."
    SCHEMA_REVERSE_FIRST = (
        "schema-reverse-first",
        Level.WARNING,
        "The target does not know some migrations; the running code can take them back, before the code is switched.",
    )
    SCHEMA_IRREVERSIBLE = (
        "schema-irreversible",
        Level.WARNING,
        "The target does not know some migrations, and they cannot all be taken back.",
    )
    SCHEMA_UNKNOWN = "schema-unknown", Level.WARNING, "Whether the target can live with the schema cannot be learnt."
    SCHEMA_AHEAD = "schema-ahead", Level.WARNING, "The target holds migrations that the database has not recorded."
    SCHEMA_READ_SO = "schema-read-so", Level.INFO, "How the migrations were read, where that says something."
    REVERSAL_DROPS = "reversal-drops", Level.WARNING, "What a reversal drops, and how many values are in it now."
    REVERSAL_KEEPS = "reversal-keeps", Level.WARNING, "What a reversal does not take back: data that were changed."
    NOT_ATOMIC = "not-atomic", Level.WARNING, "Migrations that may stay half done when they fail."
    HALF_APPLIED = "half-applied", Level.WARNING, "The record of migrations and the schema do not agree."
    CODE_FOLLOWS = "code-follows", Level.WARNING, "After the reversal the code that runs does not fit the schema."
    REVERSAL_UNKEPT = "reversal-unkept", Level.WARNING, "The database is not kept before the reversal, and why."
    REVERSAL_KEPT = "reversal-kept", Level.INFO, "How the database is kept before the reversal."

    DATA_LOST = "data-lost", Level.WARNING, "What going back to the backup loses, in numbers."
    DATABASE_KEPT = "database-kept", Level.INFO, "The former database is kept under another name; nothing is dropped."
    ONLY_PREPARES = "only-prepares", Level.INFO, "The plan restores beside and counts; the swap is drawn afterwards."
    SERVER_DOWN = "server-down", Level.WARNING, "The server does not answer: its files can be kept, nothing restored."
    PRESENT_NOT_KEPT = "present-not-kept", Level.WARNING, "The present state is not dumped first: no folder is set."
    KEEPING_TAKES = "keeping-takes", Level.INFO, "What the dump of the present state takes: room and time."
    CLOCKS_DIFFER = "clocks-differ", Level.WARNING, "The server's clock is not this machine's: ages may be wrong."
    RESTORE_TAKES = "restore-takes", Level.INFO, "How long the restore takes, and how that is known."
    DOWNTIME = "downtime", Level.INFO, "For how long the application is without its database: for the swap alone."
    SPACE_UNKNOWN = "space-unknown", Level.WARNING, "Whether the server's disk has room for a second database."
    BACKUP_WARNS = "backup-warns", Level.WARNING, "Something of the backup that one should know."
    BACKUP_AFTER = "backup-after", Level.WARNING, "The backup was made after the deployment that is gone back from."
    ROWS_UNKNOWN = "rows-unknown", Level.WARNING, "How many rows the backup held is not known: that is not verified."
    SNAPSHOT_ITSELF = "snapshot-itself", Level.INFO, "The snapshot itself goes live, no copy of it; undo tells how."
    SNAPSHOT_WARNS = "snapshot-warns", Level.WARNING, "Something of the snapshot that one should know."
    SIDE_LEFT = "side-left", Level.INFO, "Databases that this incident made beside the live one, and that stand."
    SESSIONS_END = "sessions-end", Level.WARNING, "Who is connected and cannot be stopped: the swap ends the sessions."
    NOTHING_STOPPED = "nothing-stopped", Level.WARNING, "No service can be stopped from here; the swap ends sessions."
    SCHEMA_MUST_FIT = "schema-must-fit", Level.WARNING, "The code that is started must fit the backup's schema."
    COOLIFY_WAY = "coolify-way", Level.INFO, "By which request Coolify goes back, and why by this one."
    COOLIFY_REBUILDS = "coolify-rebuilds", Level.WARNING, "The image is gone: Coolify builds another one from git."
    COOLIFY_CAUTION = "coolify-caution", Level.WARNING, "What Coolify does beside deploying, and what it does not."
    COOLIFY_EXPOSED = (
        "coolify-exposed",
        Level.WARNING,
        "The tokens go to Coolify in the clear, or to a server whose certificate is not checked.",
    )
    QUEUE_DEPTH = "queue-depth", Level.WARNING, "How many tasks of the background work wait, or that it is not known."
    CODE_STAYS = "code-stays", Level.INFO, "The code that runs fits the restored database, and stays."
    CODE_GOES = "code-goes", Level.INFO, "Which code is started over the restored database, and why this one."
    CODE_NONE_FITS = "code-none-fits", Level.WARNING, "No release that is here fits the restored database."
    CODE_UNKNOWN = "code-unknown", Level.WARNING, "Which code fits the restored database cannot be learnt."
    CODE_BY_HAND = "code-by-hand", Level.WARNING, "The code that fits must be deployed by a person, and which it is."
    GOLDEN = "golden", Level.INFO, "The target was pinned as golden, by whom and when."
    ENVIRONMENT_CHANGED = (
        "environment-changed",
        Level.WARNING,
        "Which variables are not those that the target ran with; the code goes back, the environment does not.",
    )
    ENVIRONMENT_UNKNOWN = "environment-unknown", Level.WARNING, "Whether variables are others now cannot be learnt."
    ENVIRONMENT_SAME = "environment-same", Level.INFO, "The variables are those that the target ran with."
    ENVIRONMENT_RESTORABLE = (
        "environment-restorable",
        Level.INFO,
        "Which variables, or flags of theirs, a step can set back to what the target ran with, and which it leaves.",
    )
    ENVIRONMENT_STAYS = (
        "environment-stays",
        Level.WARNING,
        "Variables are others now than those that were kept, and yet no step can set them back: why.",
    )
    JOBS_HELD = "jobs-held", Level.INFO, "Jobs that migrate are stopped and not started again."

    def __init__(self, code: str, level: Level, meaning: str) -> None:
        self.code = code
        self.level = level
        self.meaning = meaning

    def note(self, text: str) -> Note:
        """A note of this kind."""
        return Note(self.code, text, self.level)
