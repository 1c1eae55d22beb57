"""Mail by SMTP."""

from __future__ import annotations

import smtplib
from contextlib import closing
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import formatdate, make_msgid
from typing import Any, BinaryIO

from pikoci.internal.worker.notifications.bounded import SECONDS, excerpt, within
from pikoci.internal.worker.notifications.model import Message, cut
from pikoci.internal.worker.tools.outcome import StepError, failed
from pikoci.pkg.web import trusted

_PORTS = {"starttls": 587, "tls": 465, "none": 25}
_ANSWERS = 256 * 1024  # of one conversation
_SUBJECT = 200


class Email:
    """Sends the message as plain text. A login never goes over a connection that is not encrypted."""

    def send(self, message: Message) -> None:
        """Send a message, once. Raises StepError."""
        security = message.setting("security", "starttls")
        if security not in _PORTS:
            raise StepError(failed(f"security is {', '.join(_PORTS)}, and no other"))
        user = message.setting("user")
        if user and security == "none":
            raise StepError(failed('a login needs an encrypted connection: security = "starttls" or "tls"'))
        mail = _mail(message)
        port = int(message.setting("port") or _PORTS[security])

        def exchange() -> str:
            return _converse(message.setting("host"), port, security, (user, message.secret("password")), mail)

        if refused := within(message.lifetime, exchange):
            raise StepError(failed(refused))


def _mail(message: Message) -> EmailMessage:
    # Of a folded header only the policy knows what is right; line breaks that a build brought are taken out before.
    mail = EmailMessage(policy=SMTP_POLICY)
    receivers = message.values.get("to") or message.params.get("to")
    if not isinstance(receivers, list) or not receivers:
        raise StepError(failed("the mail has no receiver"))
    try:
        mail["From"] = _line(message.setting("from"))
        mail["To"] = ", ".join(_line(str(one)) for one in receivers)
    except (ValueError, IndexError, AttributeError):
        raise StepError(failed("an address in from or to is not valid")) from None
    masked = message.masker.mask_text
    mail["Subject"] = cut(_line(masked(message.setting("subject", message.title()))), _SUBJECT)
    mail["Date"] = formatdate(message.now)
    mail["Message-ID"] = make_msgid(domain="pikoci.invalid")
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.text().encode("utf-8", "replace").decode())
    return mail


def _line(text: str) -> str:
    return " ".join(text.encode("utf-8", "replace").decode().split())


def _converse(host: str, port: int, security: str, login: tuple[str, str], mail: EmailMessage) -> str:
    """Hand the mail over; what the server refused, or an empty text. Raises OSError and others."""
    try:
        with closing(_connected(host, port, security)) as server:
            if login[0]:
                server.login(*login)
            refused = server.send_message(mail)
            server.quit()
    except smtplib.SMTPAuthenticationError as error:
        return f"the mail server refuses the login ({error.smtp_code})"
    except smtplib.SMTPRecipientsRefused:
        return "the mail server refuses every receiver"
    except smtplib.SMTPResponseException as error:
        said = error.smtp_error if isinstance(error.smtp_error, bytes) else str(error.smtp_error).encode()
        return f"the mail server answered {error.smtp_code}{excerpt(said)}"
    except smtplib.SMTPNotSupportedError:
        return "the mail server offers no STARTTLS, or no login that is known here"
    except smtplib.SMTPException:
        return "the mail server hung up, or does not answer as SMTP wants it"
    return f"the mail server refuses {len(refused)} of the receivers" if refused else ""


def _connected(host: str, port: int, security: str) -> smtplib.SMTP:
    if security == "tls":
        return _TlsServer(host, port, timeout=SECONDS, context=trusted())
    server = _Server(host, port, timeout=SECONDS)
    if security == "starttls":
        try:
            server.starttls(context=trusted())
        except BaseException:
            server.close()
            raise
    return server


class _Bounded:
    """Lines of a server, until they are too many."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._left = _ANSWERS

    def readline(self, size: int = -1) -> bytes:
        """The next line; nothing, as if the server had hung up, once it has said too much."""
        line = self._file.readline(size) if self._left > 0 else b""
        self._left -= len(line)
        return line

    def close(self) -> None:
        """Close what is read."""
        self._file.close()


class _Server(smtplib.SMTP):
    """A server that cannot talk for ever."""

    file: Any

    def getreply(self) -> tuple[int, bytes]:
        """See smtplib."""
        if self.file is None and self.sock is not None:
            self.file = _Bounded(self.sock.makefile("rb"))
        return super().getreply()


class _TlsServer(_Server, smtplib.SMTP_SSL):
    pass
