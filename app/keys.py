"""Every key of the cockpit in one place: bindings, footer, help and README's table derive from it."""

from __future__ import annotations

from dataclasses import replace

from textual.binding import Binding

from actions.model.quick_dataclass import dataclass


@dataclass(frozen=True)
class Key:
    """One key. ``keys``: Textual's names, the first is shown; ``action``: the screen's ``action_…``."""

    keys: tuple[str, ...]
    action: str
    words: str
    """For the footer, two words at most; empty: not in the footer."""
    description: str
    flying: bool = True
    """Only of use to the one who flies (left out in a review)."""
    first: bool = False
    """Goes before a pane's own use of the key."""

    @property
    def shown(self) -> str:
        """The keys as people call them."""
        return ", ".join(_NAMES.get(key, key) for key in self.keys)


_NAMES = {
    "enter": "Enter",
    "space": "Space",
    "question_mark": "?",
    "f1": "F1",
    "f5": "F5",
    "slash": "/",
    "tab": "Tab",
    "ctrl+c": "Ctrl-C",
    "ctrl+q": "Ctrl-Q",
    "ctrl+z": "Ctrl-Z",
    "upper_x": "X",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "left": "←",
    "right": "→",
    "up": "↑",
    "down": "↓",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "home": "Home",
    "end": "End",
    "f8": "F8",
    "f9": "F9",
    "f10": "F10",
}

KEYS: tuple[Key, ...] = (
    Key(("enter",), "next", "", "does the one highlighted thing; the last line says what it is"),
    Key(("n",), "next_open", "next item", "goes to the next open item"),
    Key(("1",), "pane('decision')", "", "the decision matrix", False),
    Key(("2",), "pane('checklist')", "", "the checklist", False),
    Key(("3",), "pane('releases')", "", "the releases", False),
    Key(("4",), "pane('logs')", "", "the logs", False),
    Key(("5",), "pane('preview')", "", "what will happen: the highlighted step in full", False),
    Key(("6",), "pane('ran')", "", "what ran: commands, exit status, durations, output", False),
    Key(("z",), "zoom", "zoom", "the pane in full size, and back", False),
    Key(("space",), "tick", "tick", "ticks the item, or takes the tick back"),
    Key(("d",), "decide", "decide", "what is known of the damage, and the decision"),
    Key(
        ("y",),
        "criteria",
        "",
        "the criteria: what sensors say of them; what holds is ticked, and proposes a severity",
        False,
    ),
    Key(("t",), "target", "target", "chooses the release to go back to"),
    Key(("W",), "way_back", "", "the ways back: how long each takes, which can be chosen; chooses another"),
    Key(
        ("H",),
        "start_at",
        "",
        "begins at the highlighted step: the system is asked what became of those before it, with a reason",
    ),
    Key(("o",), "override", "override", "overrides the item, with a reason that stays visible"),
    Key(("a",), "not_applicable", "", "marks the item as not applicable, with a reason"),
    Key(("l",), "defer", "", "leaves the item for later, with a reason; it comes back"),
    Key(("b",), "extend", "", "gives the time box of this part of the list more time, with a reason"),
    Key(("p",), "approval", "", "approvals: asks, takes a code read back over the phone, breaks the glass"),
    Key(("u",), "undo", "undo", "undoes the highlighted step, where it has an undo"),
    Key(("X", "f8"), "stop", "stop", "everything stops: after this step, or now; says what each leaves behind"),
    Key(("r",), "lift_stop", "", "lifts the stop"),
    Key(("c",), "note", "note", "writes a note into the record"),
    Key(("i",), "inform", "inform", "tells people: messages with who was told; shown before they are sent"),
    Key(
        ("v",),
        "procedure",
        "procedure",
        "the procedure on one page: who to reach, who decides now, ways back, prevention, documents",
        False,
    ),
    Key(
        ("R",),
        "ready",
        "",
        "would a rollback work right now: what was found, the next moves; protects the target",
    ),
    Key(("D",), "debts", "", "debts: what is owed, until when and by whom; pays one with words, or assigns it", False),
    Key(("m",), "pin", "", "pins the log line into the record"),
    Key(("f",), "follow", "", "logs: follow the end, or stay"),
    Key(
        ("e",),
        "next_error",
        "",
        "logs: to the next error; in a review: to the next failure or override",
        False,
    ),
    Key(("E",), "previous_error", "", "logs: to the error before; in a review: to the failure before", False),
    Key(("slash",), "find", "", "logs: find a text", False),
    Key(("s",), "sign", "sign off", "closes the incident, then signs it off"),
    Key(("w",), "new_incident", "", "declares a new incident, once the one that is shown is closed"),
    Key(("T", "f9"), "take_over", "", "takes over from the one who flies, with a reason"),
    Key(("h",), "handover", "", "offers the controls to somebody, with a brief; or takes them, where they are offered"),
    Key(("question_mark", "f1"), "help", "help", "this list", False),
    Key(("q", "f10"), "leave", "leave", "leaves; a running step goes on, and the incident stays open", False),
)
REVIEW_KEYS: tuple[Key, ...] = (
    Key(("left",), "back", "event before", "to the event before", False, True),
    Key(("right",), "forward", "event after", "to the event after", False, True),
    Key(("left_square_bracket",), "minute_back", "minute back", "a minute back", False, True),
    Key(("right_square_bracket",), "minute_forward", "minute on", "a minute on", False, True),
    Key(("g",), "first", "first", "to the first event", False, True),
    Key(("G",), "last", "last", "to the last event", False, True),
    *(replace(key, words="next failure") if key.action == "next_error" else key for key in KEYS if not key.flying),
)
TERMINAL_KEYS: tuple[Key, ...] = (
    Key(("ctrl+c", "ctrl+q"), "hint_leave", "", "says how to leave; neither leaves nor stops a step", False, True),
    Key(("ctrl+z",), "suspend_process", "", "to the shell, fg comes back; a running step goes on", False, True),
)
"""What the whole application hears, also in a dialog."""


_SAME_AS = {
    "history.choose": "next",
    "log.follow": "follow",
    "log.next_error": "next_error",
    "log.previous_error": "previous_error",
    "log.pin": "pin",
    "log.find": "find",
}
"""Keys of the log pane that the whole cockpit hears, too."""


def bindings(keys: tuple[Key, ...] = KEYS) -> list[Binding]:
    """The keys as Textual bindings; each has its action as id, so that it can be remapped."""
    return [
        Binding(
            ",".join(key.keys),
            key.action,
            key.words or key.description,
            show=False,
            tooltip=key.description,
            id=key.action.replace("('", "-").replace("')", ""),
            priority=key.first,
        )
        for key in keys
    ]


def footer(keys: tuple[Key, ...] = KEYS) -> list[tuple[str, str]]:
    """(key, words) for the last line."""
    return [(_NAMES.get(key.keys[0], key.keys[0]), key.words) for key in keys if key.words]


def help_rows(keys: tuple[Key, ...] = KEYS) -> list[tuple[str, str]]:
    """(keys, description) for the help screen."""
    return [(key.shown, key.description) for key in keys]


def pane_rows() -> list[tuple[str, str]]:
    """(keys, description) of the keys that belong to a pane, from the panes' own bindings."""
    from widgets.criteria_list import CriteriaList
    from widgets.history import ReleaseHistory
    from widgets.log_stream import LogStream
    from widgets.release_find import FindsReleases
    from widgets.row_view import RowView

    told = {(key.shown, key.action) for key in KEYS}
    rows: list[tuple[str, str]] = []
    panes = (
        (RowView, "every pane"),
        (ReleaseHistory, "releases"),
        (FindsReleases, "releases"),
        (LogStream, "logs"),
        (CriteriaList, "criteria"),
    )
    for pane, where in panes:
        for binding in pane.BINDINGS:
            assert isinstance(binding, Binding)  # ours all are
            if not binding.tooltip:
                continue  # to the next field, as in every dialog
            keys = ", ".join(_NAMES.get(key, key) for key in binding.key.split(","))
            if (keys, _SAME_AS.get(binding.id or "")) in told:
                continue  # the same key does the same from every pane
            rows.append((keys, f"{where}: {binding.tooltip[:1].lower()}{binding.tooltip[1:]}"))
    return rows


def pane_help_rows(keys: tuple[Key, ...] = KEYS) -> list[tuple[str, str]]:
    """Everything for the help screen: the cockpit's keys, then those of the panes, each under its heading."""
    return [("", "Everywhere"), *help_rows((*keys, *TERMINAL_KEYS)), ("", "In a pane"), *pane_rows()]


def key_table(*, markdown: bool) -> str:
    """All keys, as lines or as README's table."""
    review = [(key.shown, f"review: {key.description}") for key in REVIEW_KEYS if key not in KEYS and key.first]
    rows = [*help_rows((*KEYS, *TERMINAL_KEYS)), *pane_rows(), *review]
    if not markdown:
        return "\n".join(f"{keys:<10} {description}" for keys, description in rows)
    lines = ["| Key | Does |", "|---|---|", *(f"| `{keys}` | {description} |" for keys, description in rows)]
    return "\n".join(lines)
