"""A message on its way: through which channels it can go to whom, and exactly what is handed to each of them. Pure.

What is shown before and what is sent come from the same functions; only ``${env:NAME}`` is resolved in between.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from actions.model.errors import GoaroundError, Refused
from actions.model.message import Rendered
from actions.model.message_channels import ChannelTable, fill_channel, is_mail
from actions.model.message_facts import one_line
from actions.model.message_rules import COPIED, READ_OUT
from actions.model.procedure import Contact
from actions.model.quick_dataclass import dataclass


@dataclass(frozen=True)
class Post:
    """A message on its way: as rendered, with where it goes."""

    message: Rendered
    addresses: tuple[str, ...]
    incident: str

    def values(self) -> dict[str, str]:
        """For the templates of a channel (``CHANNEL_PLACEHOLDERS``)."""
        one = self.message
        return {
            "to": ", ".join(self.addresses or one.to),
            "subject": one.subject,
            "text": one.text,
            "name": one.name,
            "incident": self.incident,
            "mode": "DRILL" if one.drill else "LIVE",
        }


_TO = "{to}"


def command_argv(channel: ChannelTable, post: Post) -> tuple[str, ...]:
    """The argv as it will run. A word that is ``{to}`` becomes one word for each address.

    Raises Refused when what fills a whole word could be taken for an option.
    """
    words: list[str] = []
    for template in channel.command:
        if template == _TO:
            filled = list(post.addresses or post.message.to)
        else:
            filled = [fill_channel(template, post.values(), str)]
        if template.startswith("{") and any(word.startswith("-") for word in filled):
            raise Refused("a value begins with '-' and would be taken for an option", template, "correct the address")
        words += filled
    return tuple(words)


DEFAULT_JSON = {"text": "{subject}\n\n{text}"}
"""As most chats take it."""


def webhook_body(channel: ChannelTable, post: Post, resolve: Callable[[str], str]) -> tuple[str, bytes]:
    """(content type, body) as it will be sent."""
    values = post.values()
    if channel.body:
        return "text/plain; charset=utf-8", fill_channel(channel.body, values, resolve).encode("utf-8")

    def filled(tree: Any) -> Any:
        if isinstance(tree, str):
            return fill_channel(tree, values, resolve)
        if isinstance(tree, dict):
            return {key: filled(item) for key, item in tree.items()}
        return [filled(item) for item in tree] if isinstance(tree, list | tuple) else tree

    return "application/json", json.dumps(filled(channel.json or DEFAULT_JSON), ensure_ascii=False).encode("utf-8")


@dataclass(frozen=True)
class Way:
    """One way out for a message to some roles."""

    through: str
    """As it is recorded: ``smtp:mail``, ``copied``, ``read out``."""
    words: str
    reason: str = ""
    """Why it cannot be taken now; empty: it can."""
    addresses: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    """What exactly will be done, a line each."""
    channel: ChannelTable | None = None


def addresses_of(
    role: str, channel: ChannelTable, contacts: Mapping[str, Sequence[str]], people: Sequence[Contact]
) -> tuple[str, ...]:
    """Where a role is reached: by the channel's own table, the configuration's, or the procedure's contacts."""
    for table in (channel.to, contacts):
        for name, addresses in table.items():
            if _key(name) == _key(role):
                return tuple(addresses)
    found = (one_line(one.address, 254) for one in people if _key(one.role) == _key(role))
    return tuple(one for one in found if one and (channel.kind != "smtp" or is_mail(one)))


def ways(
    channels: Sequence[ChannelTable],
    contacts: Mapping[str, Sequence[str]],
    people: Sequence[Contact],
    message: Rendered,
    roles: Sequence[str],
    incident: str,
) -> tuple[Way, ...]:
    """Every configured channel, then copying and reading out, each with why it cannot be taken for these roles."""
    found = [_way(channel, contacts, people, message, tuple(roles), incident) for channel in channels]
    nobody = "" if roles else "nobody is chosen"
    copied = Way(COPIED, "into the clipboard, to be pasted by you", nobody, shown=("copies what stands below",))
    read = Way(READ_OUT, "you have told them: goes into the record", nobody, shown=("read it out, then record it",))
    return (*found, copied, read)


def _way(
    channel: ChannelTable,
    contacts: Mapping[str, Sequence[str]],
    people: Sequence[Contact],
    message: Rendered,
    roles: tuple[str, ...],
    incident: str,
) -> Way:
    through = f"{channel.kind}:{channel.name}"
    known = {role: addresses_of(role, channel, contacts, people) for role in roles}
    addresses = tuple(dict.fromkeys(address for found in known.values() for address in found))
    others = [role for role in roles if channel.roles and _key(role) not in map(_key, channel.roles)]
    missing = [role for role, found in known.items() if not found and channel.needs_address]
    reason = "" if roles else "nobody is chosen"
    if others:
        reason = f"not for {', '.join(others)}"
    elif missing:
        reason = f"no address of {', '.join(missing)}: add one to [contacts]"
    shown: tuple[str, ...] = ()
    if not reason:
        try:
            shown = _shown(channel, Post(message, addresses, incident))
        except GoaroundError as error:
            reason = error.line()
    return Way(through, _words(channel), reason, addresses if channel.needs_address else (), shown, channel)


def _words(channel: ChannelTable) -> str:
    if channel.kind == "command":
        return f"the command {channel.command[0]}"
    if channel.kind == "webhook":
        return channel.webhook.partition("?")[0]
    return f"mail by {channel.smtp_place[0]}"


def _shown(channel: ChannelTable, post: Post) -> tuple[str, ...]:
    if channel.kind == "command":
        import shlex

        return (f"$ {shlex.join(command_argv(channel, post))}", "with the text below on standard input")
    if channel.kind == "webhook":
        kind, body = webhook_body(channel, post, str)
        headers = tuple(f"{name}: {value}" for name, value in channel.headers.items())
        return (f"{channel.method} {channel.webhook}", f"Content-Type: {kind}", *headers, body.decode("utf-8"))
    return (f"{channel.smtp}, from {channel.sender}", f"to {', '.join(post.addresses)}")


def _key(role: str) -> str:
    return re.sub(r"[\W_]+", " ", role.casefold()).strip()
