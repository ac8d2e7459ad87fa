"""Hands a message to a mail server: TLS from the start or STARTTLS, one envelope, refused recipients named.

Nothing of a message can become a header: what holds a control character is refused before anything is connected.
"""

from __future__ import annotations

import smtplib
import socket
import ssl
from collections.abc import Callable
from email.message import EmailMessage
from email.utils import localtime, make_msgid
from typing import Any

from actions.gateways.messages_delivered import Delivered, Line, tls_context, went_out, within
from actions.gateways.probe_faults import named
from actions.model.errors import BadInput, Refused
from actions.model.message_channels import ChannelTable, is_mail
from actions.model.message_post import Post


def mail_of(channel: ChannelTable, post: Post) -> EmailMessage:
    """The letter. Raises Refused where an address or the subject could end a header."""
    if not post.addresses:
        raise Refused("no address is known for it", "", "add one to [contacts]")
    for address in (channel.sender, *post.addresses):
        if not is_mail(address):
            raise Refused("not an address of mail", repr(address), "correct it in [contacts] or in the procedure")
    if not post.message.subject.isprintable():
        raise Refused("the subject holds a control character", "", "correct the message")
    mail = EmailMessage()
    mail["From"] = channel.sender
    mail["To"] = ", ".join(post.addresses)
    mail["Subject"] = post.message.subject
    mail["Date"] = localtime()
    place = channel.sender.rpartition("@")[2]
    mail["Message-ID"] = make_msgid("goaround", place if place.isascii() else "localhost")
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Goaround-Incident"] = f"{post.incident} {'DRILL' if post.message.drill else 'LIVE'}"
    mail.set_content(post.message.text + "\n")
    return mail


def send_mail(channel: ChannelTable, post: Post, resolve: Callable[[str], str]) -> Delivered:
    """Send it within the deadline. Raises GoaroundError for what is ours; then nothing was connected."""
    mail = mail_of(channel, post)
    password = resolve(channel.password) if channel.password else ""
    try:
        context = tls_context(channel.ca_file)
    except OSError as error:
        reason = error.strerror or "no certificate in it"
        raise BadInput(f"TLS: {channel.ca_file} cannot be used", reason, "correct ca_file") from error
    return within(channel.deadline, lambda line: _send(line, channel, post, mail, password, context))


class _Smtp(smtplib.SMTP):
    """A connection that can be cut from outside at every moment, also while TLS begins."""

    def __init__(self, line: Line, channel: ChannelTable, context: ssl.SSLContext) -> None:
        self._line = line
        self._tls = context if channel.smtp.startswith("smtps:") else None
        super().__init__(timeout=channel.deadline)
        self._host = channel.smtp_place[0]  # for the certificate's name; set by the base only when given a host

    def _get_socket(self, host: str, port: int, timeout: float) -> Any:
        connection = socket.create_connection((host, port), timeout)
        self._line.plug(connection)
        if self._tls is None:
            return connection
        self._line.stage = "beginning TLS"
        return self._tls.wrap_socket(connection, server_hostname=host)

    def data(self, msg: Any) -> tuple[int, bytes]:
        """The text itself: from its first byte on it may go out."""
        self._line.stage, self._line.handed_over = "handing over the text", True
        return super().data(msg)


def _send(
    line: Line, channel: ChannelTable, post: Post, mail: EmailMessage, password: str, context: ssl.SSLContext
) -> Delivered:
    host, port = channel.smtp_place
    server = _Smtp(line, channel, context)
    try:
        server.connect(host, port)
        line.stage = "greeting"
        server.ehlo_or_helo_if_needed()
        if channel.smtp.startswith("smtp:") and channel.starttls == "required":
            line.stage = "beginning TLS"
            server.starttls(context=context)
            server.ehlo()
        if channel.user:
            line.stage = "signing in"
            server.login(channel.user, password)
        line.stage = "naming the recipients"
        refused = server.send_message(mail, channel.sender, list(post.addresses))
        line.stage = "leaving"
    except (smtplib.SMTPException, OSError, UnicodeError) as error:
        return _failure(error, line)
    finally:
        _leave(server)
    why = {address: _answer(*reply) for address, reply in refused.items()}
    taken = len(post.addresses) - len(why)
    return Delivered(True, f"taken for {taken} of {len(post.addresses)} by {host}", why)


def _leave(server: smtplib.SMTP) -> None:
    try:
        server.quit()
    except (smtplib.SMTPException, OSError):
        server.close()


def _failure(error: Exception, line: Line) -> Delivered:
    """What the server said, in words; a refusal of ours or theirs before the text was taken means: not sent."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        why = {address: _answer(*reply) for address, reply in error.recipients.items()}
        first = next(iter(why.values()), "")
        return Delivered(False, f"every recipient was refused: {first}", why)
    if isinstance(error, smtplib.SMTPNotSupportedError):
        wanted = "STARTTLS" if line.stage == "beginning TLS" else "what is needed"
        return Delivered(False, f"the server does not offer {wanted}: {error}; nothing was sent")
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return Delivered(False, f"signing in failed: {_answer(error.smtp_code, error.smtp_error)}; nothing was sent")
    if isinstance(error, smtplib.SMTPResponseException):
        return Delivered(False, f"{line.stage}: {_answer(error.smtp_code, error.smtp_error)}; it was not taken")
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return Delivered(False, f"{line.stage}: the server hung up; {went_out(line)}")
    if isinstance(error, OSError) and not isinstance(error, smtplib.SMTPException):
        words = "no answer in time" if isinstance(error, TimeoutError) else named(error)
        return Delivered(False, f"{line.stage}: {words}; {went_out(line)}")
    return Delivered(False, f"{line.stage}: {error}; {went_out(line)}")


def _answer(code: int, text: bytes | str) -> str:
    words = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return f"{code} {' '.join(words.split())}"
