"""Messages go out through real commands, real web servers and real mail servers, and every failure is an answer."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hook_server import hook
from http_faults import Certificates, FaultServer, make_certificates, raw, reset, serving
from mail_server import MailServer
from patient_deadlines import closed_port, joins_begin

from actions.gateways import messages_delivered
from actions.gateways.messages import deliver
from actions.gateways.messages_delivered import Delivered
from actions.model.errors import BadInput
from actions.model.message import DRILL_FIRST, Rendered
from actions.model.message_channels import ChannelTable
from actions.model.message_post import Post
from actions.model.outside_text import is_clean
from actions.model.secret import Redactor
from app.secrets_in import resolve

MESSAGE = Rendered("users: solved", ("users",), "obcms: solved – grüße", "It is back.\n\n.\nEnde \u2713", False)
CANARY = "canary-7f3a+q=9"


def told(channel: ChannelTable, *addresses: str, message: Rendered = MESSAGE) -> Delivered:
    done = deliver(channel, Post(message, addresses, "INC-7"), resolve, Redactor([CANARY]).redact)
    assert is_clean(done.detail)
    assert CANARY not in done.detail
    return done


# ------------------------------------------------------------------------------------------------------ commands


def script(folder: Path, text: str) -> str:
    path = folder / "notify"
    path.write_text(f"#!{sys.executable}\nimport json, os, sys, time\nhere = {str(folder)!r}\n{text}\n")
    path.chmod(0o755)
    return str(path)


KEEPS = "open(here + '/argv', 'w').write(json.dumps(sys.argv[1:])); open(here + '/text', 'w').write(sys.stdin.read())"


def test_a_command_gets_its_words_and_the_text(tmp_path: Path) -> None:
    """Each address is a word of its own, nothing passes a shell, and the text arrives on standard input as shown."""
    command = (script(tmp_path, KEEPS), "--to", "{to}", "-s={subject}", "$(touch x) {{}} {mode} {incident}")
    done = told(ChannelTable("pager", command=command), "a@example.org", "b c; rm")
    assert done == Delivered(True, "exit 0")
    words = ["--to", "a@example.org", "b c; rm", f"-s={MESSAGE.subject}", "$(touch x) {} LIVE INC-7"]
    assert json.loads((tmp_path / "argv").read_text()) == words
    assert (tmp_path / "text").read_text() == MESSAGE.text + "\n"


BAD_COMMANDS = [
    ("sys.stderr.write('no credit\\x1b[2J\\n'); sys.exit(3)", "exit 3: no credit"),
    (f"print('token {CANARY}'); sys.exit(1)", "exit 1: token "),
    ("print('x' * 10**6); sys.exit(1)", "exit 1: xxx"),
    ("os.kill(os.getpid(), 9)", "exit 137"),
    ("time.sleep(60)", "ended after 1 s; it may have gone out all the same"),
]


@pytest.mark.parametrize(("text", "said"), BAD_COMMANDS)
def test_a_command_that_fails_says_how(tmp_path: Path, text: str, said: str) -> None:
    """Exit status, its own words without secrets, or the deadline; never an exception."""
    deadline = 1 if "sleep" in text else 60
    done = told(ChannelTable("pager", command=(script(tmp_path, text),), deadline=deadline))
    assert not done.ok
    assert said in done.detail
    assert len(done.detail) <= 400


def test_a_command_that_is_not_there(tmp_path: Path) -> None:
    """Named, and nothing was run."""
    done = told(ChannelTable("pager", command=(str(tmp_path / "nothing"),)))
    assert not done.ok
    assert "has no program" in done.detail


def test_an_address_that_would_be_an_option_is_refused(tmp_path: Path) -> None:
    """An address from a document cannot become an option of the command."""
    done = told(ChannelTable("pager", command=(script(tmp_path, KEEPS), "{to}")), "--output=/etc/passwd")
    assert not done.ok
    assert "would be taken for an option" in done.detail
    assert not (tmp_path / "argv").exists()


# ------------------------------------------------------------------------------------------------------ webhooks


def test_a_webhook_gets_json_that_says_what_was_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """The default body, or the configured one with secrets from the environment; quotes and line ends survive."""
    monkeypatch.setenv("HOOK_TOKEN", CANARY)
    with hook() as one:
        assert told(ChannelTable("chat", webhook=one.url + "/a")) == Delivered(True, "200: ok")
        table = ChannelTable(
            "chat",
            webhook=one.url + "/${env:HOOK_TOKEN}",
            method="PUT",
            headers={"Authorization": "Bearer ${env:HOOK_TOKEN}", "Content-Type": "application/vnd.x+json"},
            json={"blocks": [{"t": "{subject}"}, "{text}"], "urgent": True, "n": 3, "key": "${env:HOOK_TOKEN}"},
        )
        odd = Rendered("m", ("users",), 'a "b" \\', "line\n${env:HOOK_TOKEN} {subject}", False)
        assert told(table, message=odd).ok
    first, second = one.posted
    assert (first.method, first.path) == ("POST", "/a")
    assert first.headers["content-type"] == "application/json"
    assert json.loads(first.body) == {"text": f"{MESSAGE.subject}\n\n{MESSAGE.text}"}
    assert (second.method, second.path) == ("PUT", f"/{CANARY}")
    assert second.headers["authorization"] == f"Bearer {CANARY}"
    assert second.headers["content-type"] == "application/vnd.x+json"
    blocks = [{"t": 'a "b" \\'}, "line\n${env:HOOK_TOKEN} {subject}"]  # a message cannot ask for a secret
    assert json.loads(second.body) == {"blocks": blocks, "urgent": True, "n": 3, "key": CANARY}


def test_a_webhook_may_take_plain_text() -> None:
    """As ntfy and its kin want it."""
    with hook() as one:
        assert told(ChannelTable("push", webhook=one.url, body="{subject}: {text}")).ok
    assert one.posted[0].body.decode() == f"{MESSAGE.subject}: {MESSAGE.text}"
    assert one.posted[0].headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize(
    ("status", "answer", "ok", "said"),
    [
        (204, b"", True, "204"),
        (302, b"", False, "302: a redirect, not followed"),
        (400, b"invalid_payload\x1b[2J", False, "400: invalid_payload"),
        (401, f"bad token {CANARY}".encode(), False, "401: bad token"),
        (500, b"x" * 10**6, False, "500: xxx"),
    ],
)
def test_only_2xx_is_a_success(status: int, answer: bytes, ok: bool, said: str) -> None:
    """A redirect or an error page is none, whatever it says; what it says is cut, harmless and without secrets."""
    with hook(status, answer, Location="http://127.0.0.1:1/") as one:
        done = told(ChannelTable("chat", webhook=one.url))
    assert done.ok is ok
    assert said in done.detail
    assert len(one.posted) == 1


@pytest.fixture
def faults() -> Iterator[FaultServer]:
    server = FaultServer()
    yield server
    server.close()


def test_a_web_server_that_misbehaves_is_named_in_time(faults: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Silence, drips, an endless answer, a reset: an answer within the deadline, and whether it may have gone out."""
    head = b"HTTP/1.1 200 OK\r\nX: "
    faults.answers = {
        "/silent": faults.silent,
        "/drip": faults.drip(head, b"a"),
        "/endless": faults.endless,
        "/reset": reset,
        "/garbage": raw(b"SSH-2.0-OpenSSH_9\r\n\r\n"),
    }
    wanted = {
        "/silent": (False, "it may have gone out all the same"),
        "/drip": (False, "it may have gone out all the same"),
        "/endless": (True, "200: xxx"),
        "/reset": (False, "it may have gone out all the same"),
        "/garbage": (False, "not valid HTTP"),
    }
    joins_begin(monkeypatch, messages_delivered, lambda: faults.requests)
    for path, (ok, said) in wanted.items():
        faults.requests.clear()
        began = time.monotonic()
        done = told(ChannelTable("chat", webhook=faults.url(path), deadline=1 if path in ("/silent", "/drip") else 60))
        assert time.monotonic() - began < 60
        assert (done.ok, said in done.detail) == (ok, True), (path, done.detail)


def test_nothing_was_sent_where_nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    """A refused connection, a name that is not known, a variable that is not set: said, with what it means."""
    with closed_port() as port:
        done = told(ChannelTable("chat", webhook=f"http://127.0.0.1:{port}/"))
        assert done == Delivered(False, "connection refused; nothing was sent")
        done = told(ChannelTable("mail", smtp=f"smtp://127.0.0.1:{port}", sender="o@example.org"), "a@example.org")
    assert done == Delivered(False, "connecting: connection refused; nothing was sent")
    monkeypatch.delenv("HOOK_URL", raising=False)
    assert "HOOK_URL is not set" in told(ChannelTable("chat", webhook="${env:HOOK_URL}")).detail
    monkeypatch.setenv("HOOK_URL", f"ftp://{CANARY}/")
    assert "no http or https URL" in told(ChannelTable("chat", webhook="${env:HOOK_URL}")).detail


# ---------------------------------------------------------------------------------------------------------- mail


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def mail(certificates: Certificates) -> Iterator[Callable[..., MailServer]]:
    running = []

    def start(**how: Any) -> MailServer:
        if how.pop("tls", True):
            how["context"] = serving(how.pop("certificate", certificates.good), certificates.key)
        running.append(MailServer(**how).start())
        return running[-1]

    yield start
    for server in running:
        server.close()


def channel(server: MailServer, certificates: Certificates, **more: Any) -> ChannelTable:
    scheme = "smtps" if server.implicit else "smtp"
    given: dict[str, Any] = {"deadline": 60, "ca_file": str(certificates.ca), **more}
    return ChannelTable("mail", smtp=f"{scheme}://127.0.0.1:{server.port}", sender="ops@example.org", **given)


TO = ("a@example.org", "ü@example.org")


@pytest.mark.parametrize("implicit", [False, True])
def test_mail_goes_out_over_tls_as_shown(
    mail: Callable[..., MailServer], certificates: Certificates, implicit: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """STARTTLS or TLS from the start, signed in; subject and text arrive to the letter, with date and incident."""
    monkeypatch.setenv("SMTP_PASSWORD", CANARY)
    server = mail(implicit=implicit, users={"ops": CANARY})
    table = channel(server, certificates, user="ops", password="${env:SMTP_PASSWORD}")
    done = told(table, *TO)
    assert done.ok, done.detail
    assert done.detail == "taken for 2 of 2 by 127.0.0.1"
    taken = server.taken[0]
    assert taken.tls
    assert (taken.sender, taken.to, taken.user) == ("ops@example.org", list(TO), "ops")
    assert taken.parsed["Subject"] == MESSAGE.subject
    assert taken.text.replace("\r\n", "\n") == MESSAGE.text + "\n"
    assert taken.parsed["X-Goaround-Incident"] == "INC-7 LIVE"
    assert taken.parsed["Date"]
    assert taken.parsed["Message-ID"].endswith("@example.org>")


def test_a_refused_recipient_is_named_and_the_others_are_told(
    mail: Callable[..., MailServer], certificates: Certificates
) -> None:
    """Some refused: who and why. All refused: a failure, and nothing was taken."""
    server = mail(refuse=frozenset({"a@example.org"}))
    done = told(channel(server, certificates), "a@example.org", "b@example.org")
    assert done.ok
    assert done.refused == {"a@example.org": "550 5.1.1 no such user here"}
    assert server.taken[0].to == ["b@example.org"]
    done = told(channel(server, certificates), "a@example.org")
    assert not done.ok
    assert "every recipient was refused: 550" in done.detail
    assert len(server.taken) == 1


def test_a_mail_server_that_fails_is_named(
    mail: Callable[..., MailServer], certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Certificate, STARTTLS, password, refusal of the text: which of them, without the secret, and what that means."""
    monkeypatch.setenv("SMTP_PASSWORD", CANARY)
    signing = {"user": "ops", "password": "${env:SMTP_PASSWORD}"}
    table: list[tuple[MailServer, dict[str, Any], str]] = [
        (mail(certificate=certificates.wrong_name), {}, "TLS: the certificate is for another"),
        (mail(certificate=certificates.expired, implicit=True), {}, "TLS: the certificate has expired"),
        (mail(), {"ca_file": ""}, "authority is not known here"),
        (mail(tls=False), {}, "the server does not offer STARTTLS"),
        (mail(users={"ops": "other"}), signing, "signing in failed: 535"),
        (mail(), signing, "does not offer what is needed"),
        (mail(data_answer="552 too big"), {}, "552 too big; it was not taken"),
        (mail(), {"ca_file": "/nowhere.pem"}, "TLS: /nowhere.pem cannot be used"),
    ]
    for server, more, said in table:
        done = told(channel(server, certificates, **more), *TO)
        assert not done.ok
        assert said in done.detail, done.detail
        assert not [one for one in server.taken if "552" not in server.data_answer]


@pytest.mark.parametrize(
    ("place", "meaning"),
    [
        ("greeting", "nothing was sent"),
        ("EHLO", "nothing was sent"),
        ("STARTTLS", "nothing was sent"),
        ("RCPT", "nothing was sent"),
        ("body", "it may have gone out all the same"),
    ],
)
def test_silence_and_hanging_up_end_in_time(
    mail: Callable[..., MailServer], certificates: Certificates, place: str, meaning: str
) -> None:
    """Wherever the server stops talking: an answer within the deadline that says whether it may have gone out."""
    # So far it has to come within the deadline, where that it may have gone out is what is told.
    for how, deadline in (("silent_at", 5 if place == "body" else 1), ("hang_up_at", 60)):
        began = time.monotonic()
        done = told(channel(mail(**{how: place}), certificates, deadline=deadline), *TO)
        assert time.monotonic() - began < 60
        assert not done.ok
        assert meaning in done.detail, (how, done.detail)


def test_without_tls_only_where_it_is_told(mail: Callable[..., MailServer], certificates: Certificates) -> None:
    """``starttls = "never"`` sends in the clear: for a relay on this machine."""
    server = mail(tls=False)
    assert told(channel(server, certificates, starttls="never"), *TO).ok
    assert not server.taken[0].tls


@pytest.mark.parametrize(
    ("subject", "addresses"),
    [
        ("solved\r\nBcc: evil@example.org", ("a@example.org",)),
        ("solved\x00", ("a@example.org",)),
        ("solved", ("a@example.org\r\nBcc: evil@example.org",)),
        ("solved", ("a@example.org, evil@example.org",)),
        ("solved", ("<a@example.org> SIZE=1",)),
        ("solved", ("nobody",)),
        ("solved", ()),
    ],
)
def test_nothing_of_a_message_becomes_a_header(
    mail: Callable[..., MailServer], certificates: Certificates, subject: str, addresses: tuple[str, ...]
) -> None:
    """What could end a header or an envelope is refused before anything is connected."""
    server = mail()
    done = told(channel(server, certificates), *addresses, message=Rendered("m", ("users",), subject, "t", False))
    assert not done.ok
    assert not server.commands


def test_a_drill_is_marked_on_the_envelope_too(mail: Callable[..., MailServer], certificates: Certificates) -> None:
    """Also for whoever sorts mail by machine."""
    server = mail()
    drill = Rendered("m", ("users",), "DRILL: x", f"{DRILL_FIRST}\n\nx", True)
    assert told(channel(server, certificates), *TO, message=drill).ok
    assert server.taken[0].parsed["X-Goaround-Incident"] == "INC-7 DRILL"


def test_a_bug_is_not_hidden() -> None:
    """What is neither ours nor the channel's is raised, so that it is found."""

    def broken(_text: str) -> str:
        raise ZeroDivisionError

    table = ChannelTable("chat", webhook="${env:X}")
    with pytest.raises(ZeroDivisionError):
        deliver(table, Post(MESSAGE, (), "INC-7"), broken, str)
    assert issubclass(BadInput, Exception)


# ----------------------------------------------------------------------------------------------------- clipboard


@pytest.mark.tmux
def test_the_text_is_in_tmuxs_buffer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Inside tmux the newest buffer holds it to the letter, and what was done is said."""
    import subprocess

    from actions.gateways.messages_clipboard import copy_to_tmux, fits_terminal, in_tmux

    folder = tmp_path / "t"
    name = f"goaround-{os.getpid()}-copy"
    environment = {**os.environ, "TMUX_TMPDIR": str(tmp_path)}
    folder.mkdir()

    def tmux(*words: str) -> str:
        command = ("tmux", "-L", name, *words)
        return subprocess.run(command, env=environment, check=True, capture_output=True, text=True, timeout=60).stdout

    tmux("-f", "/dev/null", "new-session", "-d", "-s", "main", "sh")
    try:
        place = tmux("display-message", "-p", "#{socket_path},#{pid},0").strip()
        monkeypatch.setenv("TMUX", place)
        monkeypatch.setenv("TMUX_TMPDIR", str(tmp_path))
        assert in_tmux()
        done, words = copy_to_tmux(MESSAGE.text)
        assert done, words
        assert "tmux's buffer" in words
        assert "clipboard was asked" in words
        assert tmux("show-buffer") == MESSAGE.text
        tmux("set-option", "-s", "set-clipboard", "off")
        assert "clipboard" not in copy_to_tmux(MESSAGE.text)[1]
    finally:
        tmux("kill-server")
    done, words = copy_to_tmux("x")
    assert not done
    assert "tmux did not take it" in words
    assert fits_terminal("x" * 56_000)
    assert not fits_terminal("x" * 57_000)
