"""Hands a rendered message to a channel within a deadline and says how that ended; records and retries nothing.

A failure is an answer (``Delivered``), not an exception: whoever has a system to bring back goes on. What a channel
says is sanitised, redacted and cut. The ways are in ``messages_command``, ``_webhook`` and ``_smtp``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace

from actions.gateways.messages_delivered import Delivered
from actions.model.errors import GoaroundError
from actions.model.message_channels import ChannelTable
from actions.model.message_post import Post
from actions.model.outside_text import sanitise

DETAIL_LIMIT = 400


def deliver(
    channel: ChannelTable, post: Post, resolve: Callable[[str], str], redact: Callable[[str], str]
) -> Delivered:
    """Send it through the channel. Takes at most the channel's deadline and a few seconds: not for the screen's thread.

    ``resolve`` turns ``${env:NAME}`` into its value right before it is used.
    """
    try:
        done = _ways(channel.kind)(channel, post, resolve)
    except GoaroundError as error:  # our own refusals: nothing has gone out
        done = Delivered(False, error.line())
    shorten = functools.partial(_harmless, redact)
    return replace(
        done, detail=shorten(done.detail), refused={address: shorten(why) for address, why in done.refused.items()}
    )


def _harmless(redact: Callable[[str], str], text: str) -> str:
    return sanitise(redact(sanitise(text)), limit=DETAIL_LIMIT)


def _ways(kind: str) -> Callable[[ChannelTable, Post, Callable[[str], str]], Delivered]:
    """Each loads its library only when it is used."""
    if kind == "command":
        from actions.gateways.messages_command import send_command

        return send_command
    if kind == "webhook":
        from actions.gateways.messages_webhook import send_webhook

        return send_webhook
    from actions.gateways.messages_smtp import send_mail

    return send_mail
