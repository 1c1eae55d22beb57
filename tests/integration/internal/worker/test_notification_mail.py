"""Messages by mail, over real connections."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from pikoci.internal.domain.plan import Notification, NotifyStep
from tests.services.certificates import AUTHORITY, make_certificates
from tests.services.receiver import Mailbox, mail_server
from tests.unit.internal.worker.bench_room import Room, task, worker_room

LOGIN = {"user": "ci", "password": "hunter22"}


@pytest.fixture
def room(tmp_path: Path) -> Generator[Room]:
    with worker_room(tmp_path, notify_pauses=()) as found:
        yield found


@pytest.fixture
def certificates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a server's certificate, whose authority is trusted."""
    make_certificates(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / AUTHORITY))
    return tmp_path


def mail(port: int, **params: Any) -> Notification:
    base = {"host": "127.0.0.1", "port": port, "from": "CI <ci@example.com>", "to": ["a@example.com", "b@example.com"]}
    return Notification(type="email", name="n", params={**base, **params}, message="Grüße from $BUILD_JOB_NAME\n.\nbye")


def send(room: Room, notification: Notification, **values: Any) -> Any:
    step = NotifyStep(id="9", name="n", notification="email.n", params=values)
    return room.run_job(
        task("printf 'A=one\\rBcc: x@y\\n' >> $PIKOCI_OUTPUT"), step, notifications=[notification], masks=["hunter22"]
    )


def test_a_login_is_given_over_starttls_only(room: Room, certificates: Path) -> None:
    box = Mailbox(certificates)
    with mail_server(box) as port:
        record = send(room, mail(port, **LOGIN))
    assert record.steps()["9"] == "succeeded", record.reason("9")
    assert box.lines.index("STARTTLS") < next(i for i, line in enumerate(box.lines) if line.startswith("AUTH"))
    [text] = box.mails
    assert "From: CI <ci@example.com>\r\n" in text
    assert "To: a@example.com, b@example.com\r\n" in text
    assert "Subject: [app/unit] Build #3.1 started\r\n" in text
    assert "Message-ID:" in text
    assert "\r\n..\r\n" in text
    assert b"hunter22" not in record.log()


def test_tls_from_the_first_byte(room: Room, certificates: Path) -> None:
    box = Mailbox(certificates, wrapped=True)
    with mail_server(box) as port:
        record = send(room, mail(port, security="tls", **LOGIN), to=["c@example.com"], subject="$BUILD_ID is up")
    assert record.steps()["9"] == "succeeded", record.reason("9")
    assert "To: c@example.com\r\n" in box.mails[0]
    assert "Subject: 1 is up\r\n" in box.mails[0]


def test_what_a_build_brings_adds_no_header(room: Room) -> None:
    box = Mailbox()
    with mail_server(box) as port:
        send(room, mail(port, security="none"), subject="x $TASK_T_A")
    assert "Subject: x one Bcc: x@y\r\n" in box.mails[0]
    assert "\nBcc:" not in box.mails[0]
    assert [line for line in box.lines if line.upper().startswith("RCPT")] == [
        "rcpt TO:<a@example.com>",
        "rcpt TO:<b@example.com>",
    ]


def test_a_server_that_nobody_vouches_for_gets_nothing(room: Room, tmp_path: Path) -> None:
    make_certificates(tmp_path)
    box = Mailbox(tmp_path)
    with mail_server(box) as port:
        record = send(room, mail(port, **LOGIN))
    assert record.reason("9").startswith("the server's certificate is not trusted: ")
    assert not any(line.startswith("AUTH") for line in box.lines)


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ({"security": "none", **LOGIN}, 'a login needs an encrypted connection: security = "starttls" or "tls"'),
        ({"security": "ssl"}, "security is starttls, tls, none, and no other"),
        ({}, "the mail server offers no STARTTLS, or no login that is known here"),
        ({"security": "none", "from": "nobody"}, None),
        ({"security": "none", "to": []}, "the mail has no receiver"),
    ],
)
def test_what_cannot_be_sent_says_why(room: Room, params: dict[str, Any], reason: str | None) -> None:
    box = Mailbox()
    with mail_server(box) as port:
        record = send(room, mail(port, **params))
    assert record.end.status == "succeeded"
    if reason is None:
        assert record.steps()["9"] == "succeeded"
    else:
        assert record.reason("9") == reason
        assert not box.mails


def test_a_refusal_is_shown(room: Room) -> None:
    with mail_server(Mailbox(refuses=True)) as port:
        record = send(room, mail(port, security="none"))
    assert record.reason("9") == "the mail server answered 550: not wanted: secret-word"


def test_a_server_that_never_stops_talking_is_left(room: Room) -> None:
    with mail_server(Mailbox(chatty=True)) as port:
        record = send(room, mail(port, security="none"))
    assert record.reason("9") == "the mail server hung up, or does not answer as SMTP wants it"


def test_nobody_there(room: Room) -> None:
    with mail_server(Mailbox()) as port:
        pass
    record = send(room, mail(port, security="none"))
    assert record.reason("9") == "the connection failed: Connection refused"
