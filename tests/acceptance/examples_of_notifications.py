"""How the examples of notification types are played: what they send is received here."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from functools import partial
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.acceptance.examples import Play
from tests.acceptance.repository import GOOD, Repository
from tests.services.receiver import Mailbox, Receiver, mail_server, receiving

CHECKS = "/ok/repos/example/app/check-runs"


def chat(play: Play, key: str) -> None:
    """A webhook of Slack or Discord."""
    receiver = Receiver()
    with receiving(receiver) as address:
        play.run({"webhook_url": f"{address}/ok/T0/B0/a-secret-word"})
    assert [body[key] for body in bodies(receiver)] == ["test begins", "test #1 succeeded"]


def webhook(play: Play) -> None:
    """A program that believes what is signed."""
    receiver = Receiver()
    with receiving(receiver) as address:
        play.run({"url": f"{address}/ok/ci", "key": "a-key"})
    for request in receiver.requests:
        signature = hmac.new(b"a-key", request.body, hashlib.sha256).hexdigest()
        assert request.headers["x-hub-signature-256"] == f"sha256={signature}"
    begin, end = bodies(receiver)
    assert (begin["message"], begin["status"], end["status"]) == ("under way", "started", "succeeded")


def email(play: Play) -> None:
    """A mail server whose certificate the worker's machine trusts."""
    mailbox = Mailbox(play.server.folder / "certificates")
    with mail_server(mailbox) as port:
        play.run({"host": "127.0.0.1", "port": port, "password": "hunter22"})
    begin, end = mailbox.mails
    assert "To: operators@example.com\r\n" in begin
    assert "Subject: deploy begins\r\n" in begin
    assert "To: team@example.com, boss@example.com\r\n" in end
    assert f"Subject: [{play.name}] deploy succeeded\r\n" in end
    assert any(line.startswith("AUTH") for line in mailbox.lines)


def status(play: Play, variable: str, path: str, name: str) -> None:
    """A host of repositories, which keeps statuses of commits at `path`, where a status is called by `name`."""
    commit, receiver = _commit(play), Receiver()
    with receiving(receiver) as address:
        play.run({"url": str(play.folder / "repository"), variable: f"{address}/ok", "token": "t0ken"})
    assert {request.path for request in receiver.requests} == {f"/ok{path}/{commit}"}
    told = [(body[name], body["state"]) for body in bodies(receiver)]
    begin = "running" if variable == "gitlab" else "pending"
    assert told == [("ci/unit", begin), ("ci/style", "success"), ("ci/unit", "success")]


def check(play: Play) -> None:
    """GitHub, as an App sees it."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    commit = _commit(play)
    receiver = Receiver(answers={"/ok/app/installations/5/access_tokens": b'{"token": "ghs_1"}', CHECKS: b'{"id": 77}'})
    with receiving(receiver) as address:
        play.run({
            "url": str(play.folder / "repository"), "api": f"{address}/ok", "app_id": "9", "installation_id": "5",
            "private_key": pem,
        })  # fmt: skip
    sent = [(one.method, one.path, json.loads(one.body)) for one in receiver.requests if one.path.startswith(CHECKS)]
    (first, second, third) = (body for _, _, body in sent)
    assert [(method, path) for method, path, _ in sent] == [
        ("POST", CHECKS),
        ("POST", CHECKS),
        ("PATCH", f"{CHECKS}/77"),
    ]
    assert (first["name"], first["status"], first["head_sha"]) == (f"{play.name}/unit", "in_progress", commit)
    assert first["details_url"].startswith("https://ci.example.com/teams/main/")
    assert (second["name"], second["conclusion"]) == ("style", "neutral")
    assert second["details_url"] == "https://ci.example.com/style"
    assert third["conclusion"] == "success"


def bodies(receiver: Receiver) -> list[dict[str, Any]]:
    """What was posted, in order."""
    return [json.loads(request.body) for request in receiver.requests]


def _commit(play: Play) -> str:
    play.request.getfixturevalue("git")
    return Repository(play.folder / "repository").commit(GOOD, "first")


NOTIFICATION_PLAYS: dict[str, Callable[[Play], None]] = {
    "notification-discord": partial(chat, key="content"),
    "notification-email": email,
    "notification-gitea-status": partial(
        status, variable="forge", path="/api/v1/repos/example/app/statuses", name="context"
    ),
    "notification-github-check": check,
    "notification-github-status": partial(status, variable="api", path="/repos/example/app/statuses", name="context"),
    "notification-gitlab-status": partial(
        status, variable="gitlab", path="/api/v4/projects/example/app/statuses", name="name"
    ),
    "notification-slack": partial(chat, key="text"),
    "notification-webhook": webhook,
}
