"""Channels: the tables of ``goaround.toml`` that say through what messages go out, and to which addresses.

Each table checks its own values and raises ``ValueError`` whose text names the key. Sending is left to the gateways.
Secrets stand here only as ``${env:NAME}``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any, Literal

from actions.model.quick_dataclass import dataclass
from actions.model.system_checks import check_url, plain, within

CHANNEL_PLACEHOLDERS = ("to", "subject", "text", "name", "incident", "mode")
"""What ``command``, ``json`` and ``body`` of a channel may name: addresses (or roles), and the message as rendered."""

# Texts, not patterns: compiling them would hold up the first screen of everybody who has no channel.
_REFERENCE = r"(\$\{env:[A-Za-z_][A-Za-z0-9_]*\})"
_MAIL = r"[^\s@<>()\[\],;:\\\"\x00-\x1f\x7f-\x9f]+@[^\s@<>()\[\],;:\\\"\x00-\x1f\x7f-\x9f]+"
_SMTP = r"smtps?://(?P<host>[A-Za-z0-9][A-Za-z0-9._-]*|\[[0-9A-Fa-f:.]+\])(?::(?P<port>\d{1,5}))?/?"
_NEAR = ("localhost", "127.0.0.1", "[::1]")


def is_mail(address: str) -> bool:
    """Whether it can be an address of mail; nothing in it can end a header."""
    return re.fullmatch(_MAIL, address) is not None


def check_contacts(key: str, table: Mapping[str, tuple[str, ...]]) -> None:
    """Addresses per role: words that no header, argv or screen can stumble over."""
    for role, addresses in table.items():
        plain(f"{key}.{role}" if re.fullmatch(r"[a-z_]+", role) else key, role)
        for address in addresses:
            plain(key, address)
            if len(address) > 254 or not address.isprintable():
                raise ValueError(f"{key}: an address of {role!r} is too long, or does not print")


def fill_channel(template: str, values: Mapping[str, str], resolve: Callable[[str], str]) -> str:
    """A template of a channel with its values; only references that stand in the template itself are resolved."""
    from actions.model.message import fill

    parts = re.split(_REFERENCE, template)
    return "".join(resolve(part) if at % 2 else fill(part, values, "channel") for at, part in enumerate(parts))


@dataclass(frozen=True)
class MessagesTable:
    """``[messages]``: what messages say beside the incident's facts."""

    link: str = ""
    """For ``{link}``: where people can follow it."""
    next_update: str = "30m"
    """How far ``{next_update}`` lies ahead."""

    def __post_init__(self) -> None:
        plain("link", self.link, empty=True)
        if not re.fullmatch(r"[1-9]\d{0,3}\s*[mh]", self.next_update):
            raise ValueError('next_update: a time such as "30m" or "2h"')

    @property
    def next_update_s(self) -> int:
        """In seconds."""
        return int(self.next_update[:-1]) * {"m": 60, "h": 3600}[self.next_update[-1]]


@dataclass(frozen=True)
class ChannelTable:
    """``[[channel]]``: one way out; exactly one of ``command``, ``webhook`` and ``smtp`` says of which kind."""

    name: str
    roles: tuple[str, ...] = ()
    """For whom; empty: for everybody."""
    to: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Role -> addresses of this channel; else those of ``[contacts]``, else those of the procedure."""
    command: tuple[str, ...] = ()
    """Argv, run here without a shell, the text on standard input. A word ``{to}`` becomes a word for each address."""
    webhook: str = ""
    """http or https URL, or ``${env:NAME}``."""
    method: Literal["POST", "PUT"] = "POST"
    headers: dict[str, str] = field(default_factory=dict)
    """Values may hold ``${env:NAME}``."""
    json: dict[str, Any] = field(default_factory=dict)
    """Body as JSON; its texts may hold placeholders. Without it and ``body``: a ``text``."""
    body: str = ""
    """Body as plain text."""
    ca_file: str = ""
    """Authorities to believe, of a webhook or a mail server; empty: the machine's."""
    smtp: str = ""
    """``smtps://host:port`` (TLS from the start) or ``smtp://host:port`` (STARTTLS)."""
    starttls: Literal["required", "never"] = "required"
    sender: str = ""
    """The From address."""
    user: str = ""
    password: str = ""
    """As ``${env:NAME}``."""
    deadline: int = 20
    """Seconds for the whole attempt."""

    def __post_init__(self) -> None:
        plain("name", self.name)
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,40}", self.name):
            raise ValueError("name: letters, digits, spaces, '.', '_' and '-'")
        kinds = [key for key in ("command", "webhook", "smtp") if getattr(self, key)]
        if len(kinds) != 1:
            raise ValueError("name: exactly one of command, webhook and smtp is needed")
        within("deadline", self.deadline, 1, 300)
        check_contacts("to", self.to)
        _absolute_or_empty(self.ca_file)
        for key in _ELSEWHERE[kinds[0]]:
            if getattr(self, key):
                raise ValueError(f"{key}: has no meaning for a {kinds[0]}")
        {"command": self._command, "webhook": self._webhook, "smtp": self._smtp}[kinds[0]]()

    @property
    def kind(self) -> str:
        """``command``, ``webhook`` or ``smtp``."""
        return "command" if self.command else "webhook" if self.webhook else "smtp"

    @property
    def needs_address(self) -> bool:
        """Whether it cannot do without an address for every role."""
        if self.kind == "webhook":
            return any(_names_to(text) for text in (self.body, *texts_of(self.json)))
        return self.kind == "smtp" or any(_names_to(word) for word in self.command)

    def _command(self) -> None:
        for word in self.command:
            if "\0" in word:
                raise ValueError("command: holds a NUL byte")
            if re.search(_REFERENCE, word):
                raise ValueError("command: ${env:NAME} would be seen in the process list; the command inherits it")
            _check_template("command", word)
        plain("command", self.command[0])
        if "{" in self.command[0]:
            raise ValueError("command: the program itself must not hold a placeholder")

    def _webhook(self) -> None:
        if not re.fullmatch(_REFERENCE, self.webhook):
            check_url("webhook", re.sub(_REFERENCE, "x", self.webhook))
        for name, value in self.headers.items():
            if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name):
                raise ValueError(f"headers: {name!r} is no name of a header")
            plain("headers", value, empty=True, dash=True)
        if self.json and self.body:
            raise ValueError("body: either json or body is needed, not both")
        found = texts_of(self.json)
        for text in found:
            _check_template("json", text)
        _check_template("body", self.body)
        given = [*found, self.body]
        if any(given) and not any("{text}" in text or "{subject}" in text for text in given):
            key = "json" if self.json else "body"
            raise ValueError(f"{key}: {{text}} or {{subject}} must stand in it, or it would not say what was shown")

    def _smtp(self) -> None:
        match = re.fullmatch(_SMTP, self.smtp)
        if not match:
            raise ValueError('smtp: "smtps://host:465" or "smtp://host:587" is needed')
        if match["port"]:
            within("smtp", int(match["port"]), 1, 65535)
        if not is_mail(self.sender):
            raise ValueError(f"sender: an address such as ops@example.org is needed, not {self.sender!r}")
        plain("user", self.user, empty=True, dash=True)
        if self.password and not re.fullmatch(_REFERENCE, self.password):
            raise ValueError("password: write ${env:NAME}; a secret must not stand in this file")
        if bool(self.user) != bool(self.password):
            raise ValueError("user: goes with a password, and a password with a user")
        in_clear = self.starttls == "never" and self.smtp.startswith("smtp:") and match["host"] not in _NEAR
        if self.password and in_clear:
            raise ValueError('starttls: with "never" the password would cross the network in the clear')
        for role, addresses in self.to.items():
            for address in addresses:
                if not is_mail(address):
                    raise ValueError(f"to: {address!r} of {role!r} is no address of mail")

    @property
    def smtp_place(self) -> tuple[str, int]:
        """Host and port of the mail server."""
        match = re.fullmatch(_SMTP, self.smtp)
        assert match is not None  # checked when it was made
        standard = 465 if self.smtp.startswith("smtps:") else 587
        return match["host"].strip("[]"), int(match["port"] or standard)


_ELSEWHERE = {
    "command": ("headers", "json", "body", "ca_file", "sender", "user", "password"),
    "webhook": ("sender", "user", "password"),
    "smtp": ("headers", "json", "body"),
}


def texts_of(tree: Any) -> list[str]:
    """All texts of a tree of JSON, keys excepted. Raises ValueError for what no JSON of ours can hold."""
    if isinstance(tree, str):
        return [tree]
    if isinstance(tree, bool | int):
        return []
    if isinstance(tree, dict):
        return [text for item in tree.values() for text in texts_of(item)]
    if isinstance(tree, list | tuple):
        return [text for item in tree for text in texts_of(item)]
    raise ValueError(f"json: texts, whole numbers, true, false, lists and tables only, not {tree!r}")


def _names_to(text: str) -> bool:
    return "{to}" in text


def _check_template(key: str, text: str) -> None:
    from actions.model.errors import BadInput
    from actions.model.message import fill  # rarely needed, and the first screen waits for this

    try:
        for part in re.split(_REFERENCE, text)[::2]:
            fill(part, dict.fromkeys(CHANNEL_PLACEHOLDERS, ""), key)
    except BadInput as error:
        raise ValueError(f"{error.title}; {error.detail}") from error


def _absolute_or_empty(path: str) -> None:
    plain("ca_file", path, empty=True)
    if path and not path.startswith("/"):
        raise ValueError(f"ca_file: an absolute path is needed, not {path!r}")
