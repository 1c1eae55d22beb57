"""Secrets of builds from a server that speaks Vault's API, and from one that does not."""

from __future__ import annotations

import socket
from collections.abc import Generator
from pathlib import Path

import gevent
import pytest

from pikoci.internal.domain.plan import Secrets, SecretType, SecretVariable
from pikoci.internal.domain.secret_text import SecretReference, compose
from tests.services.certificates import AUTHORITY, make_certificates
from tests.services.vault import FakeVault, fake_vault
from tests.unit.internal.worker.bench_room import Room, task, wait_until

TOKEN = compose([SecretReference("token")])
SHOW = 'echo "$A" | rev'
START = 'task "t": no value for var.token from vault: '


@pytest.fixture
def vault() -> Generator[FakeVault]:
    with fake_vault() as found:
        found.version_1["app"] = {"token": "hunter22"}
        found.version_2["app"] = {"token": "hunter22", "number": 5432, "deep": {"a": 1}}
        found.version_2["gone"] = None
        yield found


def secrets_of(address: str, path: str = "secret/data/app", key: str = "token", **config: str) -> Secrets:
    whole = {"address": address, **(config or {"token": "root-token"})}
    return Secrets(
        variables=[SecretVariable(name="token", secret_type="vault", path=path, key=key)],
        types=[SecretType(name="vault", builtin="vault", config={**whole})],
    )


@pytest.mark.parametrize("path", ["secret/data/app", "/v1/secret/data/app/", "secret/app", "kv/app"])
def test_both_versions_are_read_by_paths_of_the_api_and_of_the_command_line(
    room: Room, vault: FakeVault, path: str
) -> None:
    record = room.run_job(task(SHOW, env={"A": TOKEN}), secrets=secrets_of(vault.address, path))
    assert (record.end.reason, record.log()) == ("", b"22retnuh\n")


@pytest.mark.parametrize(("key", "shown"), [("number", b"2345\n"), ("deep", b'}1:"a"{\n')])
def test_what_is_no_text_arrives_as_json(room: Room, vault: FakeVault, key: str, shown: bytes) -> None:
    assert room.run_job(task(SHOW, env={"A": TOKEN}), secrets=secrets_of(vault.address, key=key)).log() == shown


@pytest.mark.parametrize(
    ("config", "login"),
    [
        ({"role_id": "role-1", "secret_id": "secret-id-1"}, "/v1/auth/approle/login"),
        ({"jwt": "jwt.of.build", "role": "deploy"}, "/v1/auth/jwt/login"),
        ({"jwt": "jwt.of.build", "role": "deploy", "auth_mount": "ci"}, "/v1/auth/ci/login"),
    ],
)
def test_a_login_makes_a_token_that_is_revoked_when_the_secret_is_read(
    room: Room, vault: FakeVault, config: dict[str, str], login: str
) -> None:
    secrets = secrets_of(vault.address, namespace="team-a", **config)
    record = room.run_job(task(SHOW, env={"A": TOKEN}), secrets=secrets)
    assert (record.end.reason, record.log()) == ("", b"22retnuh\n")
    assert [(method, path) for method, path, _, _ in vault.asked] == [
        ("POST", login),
        ("GET", "/v1/secret/data/app"),
        ("POST", "/v1/auth/token/revoke-self"),
    ]
    assert {namespace for *_, namespace in vault.asked} == {"team-a"}
    assert not vault.tokens


@pytest.mark.parametrize(
    ("path", "config", "reason"),
    [
        ("secret/data/none", {}, 'Vault gives no secret at "secret/data/none" (404: there is nothing)'),
        ("secret/data/gone", {}, 'Vault gives no secret at "secret/data/gone" (404: there is nothing)'),
        ("secret/data/app", {"token": "wrong"}, 'Vault gives no secret at "secret/data/app" (403: permission denied)'),
        ("secret/../app", {}, '"secret/../app" is no path of Vault'),
        (
            "secret/data/app",
            {"role_id": "role-1", "secret_id": "wrong"},
            "Vault refused the login by approle (400: it does not understand the request)",
        ),
        ("secret/data/app", {"token": "a\nb"}, "a credential or the namespace holds characters that no request can"),
    ],
)
def test_what_vault_refuses_fails_the_step(
    room: Room, vault: FakeVault, path: str, config: dict[str, str], reason: str
) -> None:
    record = room.run_job(task(SHOW, env={"A": TOKEN}), secrets=secrets_of(vault.address, path, **config))
    assert (record.end.status, record.end.reason) == ("failed", START + reason)


@pytest.mark.parametrize(
    ("say", "reason"),
    [
        ((503, b'{"errors": ["Vault is sealed"]}'), "(503: it is sealed)"),
        ((500, b"hunter22"), 'Vault gives no secret at "secret/data/app" (500)'),
        ((403, b'{"errors": ["hunter22"]}'), "(403: permission denied)"),
        ((200, b"<html>hunter22"), "what answers at the address is no Vault"),
        ((200, b'{"data": "hunter22"}'), "what answers at the address is no Vault"),
        ((200, b'["hunter22"]'), "what answers at the address is no Vault"),
        ((200, b" " * 1_100_000), "Vault cannot be asked: the answer has more than 1,048,576 bytes"),
    ],
)
def test_a_server_that_lies_fails_the_step_and_its_words_are_not_shown(
    room: Room, vault: FakeVault, say: tuple[int, bytes], reason: str
) -> None:
    vault.say = say
    record = room.run_job(task(SHOW, env={"A": TOKEN}), secrets=secrets_of(vault.address))
    assert record.end.status == "failed"
    assert record.end.reason.startswith(START)
    assert record.end.reason.endswith(reason)
    assert "hunter22" not in repr(record.events)


def test_no_token_follows_a_redirect(room: Room, vault: FakeVault) -> None:
    with fake_vault() as elsewhere:
        vault.say, vault.location = (307, b""), f"{elsewhere.address}/v1/secret/data/app"
        record = room.run_job(task(SHOW, env={"A": TOKEN}), secrets=secrets_of(vault.address))
        assert record.end.reason == START + "Vault redirects to another address, which is not followed: name that one"
        assert elsewhere.asked == []


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("ftp://vault", "the address of Vault is no http or https address"),
        ("http://[", "the address of Vault is no http or https address"),
        ("http://vault:0x", "the address of Vault is no http or https address"),
        ("https://me:hunter22@vault", "the address of Vault holds a user or password; Vault takes neither"),
        ("http://127.0.0.1:1", "Vault cannot be asked: the connection failed: Connection refused"),
    ],
)
def test_a_wrong_address_fails_the_step(room: Room, address: str, reason: str) -> None:
    record = room.run_job(task(SHOW, env={"A": TOKEN}), secrets=secrets_of(address))
    assert (record.end.status, record.end.reason) == ("failed", START + reason)


def test_a_server_that_never_answers_holds_up_no_cancellation(room: Room) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        came = gevent.spawn(server.accept)
        record = room.submit(
            task(SHOW, env={"A": TOKEN}), secrets=secrets_of(f"http://127.0.0.1:{server.getsockname()[1]}")
        )
        with came.get(timeout=30)[0]:
            room.worker.cancel_all("enough")
            wait_until(lambda: record.ended, 5.0)
    assert record.steps() == {"1": "cancelled"}


def test_a_step_that_is_timed_out_leaves_a_slow_server_alone(room: Room) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        secrets = secrets_of(f"http://127.0.0.1:{server.getsockname()[1]}")
        record = room.run_job(task(SHOW, env={"A": TOKEN}, timeout=0.3), secrets=secrets)
    assert (record.end.status, record.end.reason) == ("failed", 'task "t" timed out after 300ms')


def test_a_private_authority_can_be_named(room: Room, tmp_path: Path) -> None:
    make_certificates(tmp_path)
    with fake_vault(tmp_path) as vault:
        vault.version_2["app"] = {"token": "hunter22"}
        unknown = room.run_job(task(SHOW, env={"A": TOKEN}), secrets=secrets_of(vault.address))
        assert unknown.end.reason.endswith("; ca_cert can name who vouches for it")
        own = secrets_of(vault.address, token="root-token", ca_cert=(tmp_path / AUTHORITY).read_text())
        assert room.run_job(task(SHOW, env={"A": TOKEN}), secrets=own).log() == b"22retnuh\n"
        wrong = secrets_of(vault.address, token="root-token", ca_cert="none")
        record = room.run_job(task(SHOW, env={"A": TOKEN}), secrets=wrong)
        assert record.end.reason == START + "ca_cert holds no certificate in PEM form"
