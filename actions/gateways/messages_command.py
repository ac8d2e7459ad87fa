"""Hands a message to a command of this machine: its text on standard input, never through a shell."""

from __future__ import annotations

from collections.abc import Callable

from actions.gateways.local_host import LocalHost
from actions.gateways.messages_delivered import Delivered
from actions.model.message_channels import ChannelTable
from actions.model.message_post import Post, command_argv


def send_command(channel: ChannelTable, post: Post, resolve: Callable[[str], str]) -> Delivered:
    """Run it to its end or its deadline; exit status 0 alone is a success."""
    argv = command_argv(channel, post)
    done = LocalHost().run(argv, stdin=(post.message.text + "\n").encode("utf-8"), timeout_s=channel.deadline)
    words = (done.stderr.strip() or done.stdout.strip()).decode("utf-8", "replace")
    said = f": {words}" if words else ""
    if done.timed_out:
        return Delivered(False, f"ended after {channel.deadline} s; it may have gone out all the same{said}")
    return Delivered(done.exit_status == 0, f"exit {done.exit_status}{said}")
