"""Channels of the configuration: what is wrong is one line that names the key, and what is shown is what is sent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from actions.model.errors import ConfigError, Refused
from actions.model.message import Rendered
from actions.model.message_channels import ChannelTable, fill_channel
from actions.model.message_post import Post, addresses_of, command_argv, ways
from actions.model.procedure import Contact
from app.settings import load

HEAD = """\
[system]
name = "tiny"
environment = "drill"
"""
MAIL = 'name = "mail"\nsmtp = "smtps://mail.example.org"\nsender = "ops@example.org"\n'


def settings(tmp_path: Path, text: str) -> Any:
    path = tmp_path / "goaround.toml"
    path.write_text(HEAD + text)
    return load(path).settings


GOOD = """\
[messages]
link = "https://status.example.org"
next_update = "2h"

[contacts]
users = "users@example.org"
"DevOps Lead" = ["lead@example.org", "+49 30 1234"]

[[channel]]
name = "mail"
roles = ["users"]
smtp = "smtp://mail.example.org:2525"
sender = "ops@example.org"
user = "ops"
password = "${env:SMTP_PASSWORD}"
to = { users = "status@example.org" }
deadline = 30

[[channel]]
name = "chat"
webhook = "https://chat.example.org/hooks/${env:HOOK}"
headers = { Authorization = "Bearer ${env:HOOK}" }
json = { text = "{subject} {{x}} {text}" }

[[channel]]
name = "pager"
command = ["page", "--to", "{to}", "{mode}: {subject}"]
"""


def test_a_configuration_with_channels(tmp_path: Path) -> None:
    """One address may stand for a list of them; ports have their defaults; secrets stay references."""
    found = settings(tmp_path, GOOD)
    mail, chat, pager = found.channel
    assert [one.kind for one in found.channel] == ["smtp", "webhook", "command"]
    assert [one.needs_address for one in found.channel] == [True, False, True]
    assert mail.smtp_place == ("mail.example.org", 2525)
    assert mail.to == {"users": ("status@example.org",)}
    assert found.contacts["users"] == ("users@example.org",)
    assert found.messages.next_update_s == 7200
    assert chat.headers["Authorization"] == "Bearer ${env:HOOK}"
    assert pager.deadline == 20
    from app.secrets_in import referenced

    assert set(referenced(found)) == {"SMTP_PASSWORD", "HOOK"}


BAD = [
    ('[[channel]]\nname = "x"\n', 4, "channel[1].name", "exactly one of command, webhook and smtp"),
    (f'[[channel]]\n{MAIL}command = ["x"]\n', 5, "channel[1].name", "exactly one of"),
    (f"[[channel]]\n{MAIL}[[channel]]\n{MAIL}", 4, "channel", "'mail' stands there twice"),
    (f"[[channel]]\n{MAIL}pasword = 'x'\n", 8, "channel[1].pasword", "did you mean 'password'"),
    (f"[[channel]]\n{MAIL}user = 'u'\npassword = 'hunter2'\n", 9, "channel[1].password", "must not stand in this file"),
    (f"[[channel]]\n{MAIL}user = 'u'\n", 8, "channel[1].user", "goes with a password"),
    (f"[[channel]]\n{MAIL}json = {{ text = '{{text}}' }}\n", 8, "channel[1].json", "no meaning for a smtp"),
    (f"[[channel]]\n{MAIL}deadline = 0\n", 8, "channel[1].deadline", "between 1 and 300"),
    (f"[[channel]]\n{MAIL}to = {{ users = 'nobody' }}\n", 8, "channel[1].to", "no address of mail"),
    (
        "[[channel]]\nname = 'm'\nsmtp = 'smtp://relay.example.org'\nstarttls = 'never'\nsender = 'o@example.org'\n"
        "user = 'u'\npassword = '${env:P}'\n",
        7,
        "channel[1].starttls",
        "in the clear",
    ),
    ("[[channel]]\nname = 'm'\nsmtp = 'mail.example.org'\n", 6, "channel[1].smtp", "smtps://host:465"),
    (
        "[[channel]]\nname = 'm'\nsmtp = 'smtps://h:99999'\nsender = 'o@x'\n",
        6,
        "channel[1].smtp",
        "between 1 and 65535",
    ),
    ("[[channel]]\nname = 'm'\nsmtp = 'smtps://h'\nsender = 'ops'\n", 7, "channel[1].sender", "an address such as"),
    ("[[channel]]\nname = 'c'\nwebhook = 'ftp://h/'\n", 6, "channel[1].webhook", "http:// or https://"),
    ("[[channel]]\nname = 'c'\nwebhook = 'https://u:p@h/'\n", 6, "channel[1].webhook", "user or password"),
    ("[[channel]]\nname = 'c'\nwebhook = 'https://h'\nbody = 'help'\n", 7, "channel[1].body", "must stand in it"),
    ("[[channel]]\nname = 'c'\nwebhook = 'https://h'\njson = { a = '{txt}' }\n", 7, "channel[1].json", "{txt} is no"),
    ("[[channel]]\nname = 'c'\nwebhook = 'https://h'\njson = { a = 1.5 }\n", 7, "channel[1].json", "whole numbers"),
    ("[[channel]]\nname = 'c'\nwebhook = 'https://h'\nheaders = { 'A b' = 'x' }\n", 7, "channel[1].headers", "no name"),
    ("[[channel]]\nname = 'c'\ncommand = ['x', '${env:T}']\n", 6, "channel[1].command", "process list"),
    ("[[channel]]\nname = 'c'\ncommand = ['{to}']\n", 6, "channel[1].command", "placeholder"),
    ("[[channel]]\nname = 'c'\ncommand = ['x', '{user}']\n", 6, "channel[1].command", "{user} is no placeholder"),
    ("[contacts]\nusers = '-x'\n", 5, "contacts", "must not begin with '-'"),
    ("[contacts]\nusers = 3\n", 4, "contacts", "must be a list"),
    ("[messages]\nnext_update = 'soon'\n", 5, "messages.next_update", '"30m" or "2h"'),
]


@pytest.mark.parametrize(("text", "line", "key", "reason"), BAD, ids=[f"{row[2]}: {row[3]}" for row in BAD])
def test_what_is_wrong_is_one_line(tmp_path: Path, text: str, line: int, key: str, reason: str) -> None:
    """File, line and key, and what is to be done; a secret that stands in the file is not repeated."""
    with pytest.raises(ConfigError) as caught:
        settings(tmp_path, text)
    said = caught.value.line()
    assert reason in said
    assert "hunter2" not in said
    assert caught.value.key.startswith(key.partition("[")[0])
    assert caught.value.key == key or caught.value.line_number in (line, None)
    assert "\n" not in said


MESSAGE = Rendered("users: solved", ("users", "DevOps Lead"), "It is {back}", "so says ${env:T}", False)


def test_only_what_the_template_refers_to_is_resolved() -> None:
    """A message cannot name a secret and have it sent: its braces and references are plain text."""
    filled = fill_channel("${env:A} {text} {{x}}", {"text": "${env:B} {y}"}, lambda text: f"<{text}>")
    assert filled == "<${env:A}> ${env:B} {y} {x}"


def test_addresses_come_from_the_nearest_table() -> None:
    """The channel's own, then the configuration's, then the procedure's; a phone number is no address of mail."""
    mail = ChannelTable("m", smtp="smtps://h", sender="o@x", to={"Users": ("own@x",)})
    contacts = {"dev-ops lead": ("conf@x",), "users": ("other@x",)}
    people = (Contact("DBA", "dba@x", "", 1), Contact("DBA", "+49 30", "", 2), Contact("DevOps Lead", "doc@x", "", 3))
    assert addresses_of("users", mail, contacts, people) == ("own@x",)
    assert addresses_of("Dev_Ops  Lead", mail, contacts, people) == ("conf@x",)
    assert addresses_of("dba", mail, contacts, people) == ("dba@x",)
    assert addresses_of("dba", ChannelTable("p", command=("page", "{to}")), {}, people) == ("dba@x", "+49 30")
    assert addresses_of("nobody", mail, contacts, people) == ()


def test_every_way_says_what_it_does_or_why_not(tmp_path: Path) -> None:
    """Argv, request or envelope to the letter, references unresolved; or who cannot be reached, and the next move."""
    found = settings(tmp_path, GOOD)
    mail, chat, pager, copied, read = ways(found.channel, found.contacts, (), MESSAGE, MESSAGE.to, "INC-7")
    assert mail.reason == "not for DevOps Lead"
    assert chat.shown == (
        "POST https://chat.example.org/hooks/${env:HOOK}",
        "Content-Type: application/json",
        "Authorization: Bearer ${env:HOOK}",
        '{"text": "It is {back} {x} so says ${env:T}"}',
    )
    assert chat.addresses == ()
    assert pager.addresses == ("users@example.org", "lead@example.org", "+49 30 1234")
    to = "users@example.org lead@example.org '+49 30 1234'"
    assert pager.shown[0] == f"$ page --to {to} 'LIVE: It is {{back}}'"
    assert (copied.through, read.through) == ("copied", "read out")
    assert not copied.reason + read.reason
    mail, *_ = ways(found.channel, found.contacts, (), MESSAGE, ("users",), "INC-7")
    assert not mail.reason
    assert mail.addresses == ("status@example.org",)
    _, _, pager, *_ = ways(found.channel, {}, (), MESSAGE, ("support",), "INC-7")
    assert pager.reason == "no address of support: add one to [contacts]"
    assert all(way.reason for way in ways(found.channel, {}, (), MESSAGE, (), "INC-7"))


def test_an_argv_is_words() -> None:
    """``{to}`` alone is a word for each address, within a word it is a list; nothing else is split."""
    table = ChannelTable("p", command=("page", "{to}", "all={to}", "{text}"))
    assert command_argv(table, Post(MESSAGE, ("a b", "c"), "I")) == (
        "page", "a b", "c", "all=a b, c", "so says ${env:T}"
    )  # fmt: skip
    with pytest.raises(Refused):
        command_argv(table, Post(MESSAGE, ("-rf",), "I"))
