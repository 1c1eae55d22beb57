"""How the examples of built-in types are played: with the servers that they talk to."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gevent.pywsgi import WSGIServer

from tests.acceptance.examples import Play
from tests.acceptance.repository import GOOD, Repository
from tests.integration.internal.worker.resources.images import Image, packed
from tests.services.certificates import AUTHORITY, make_certificates
from tests.services.containers import Registry
from tests.services.git_http import GitHost, served
from tests.services.image_registry import PASSWORD, USERNAME, ImageRegistry
from tests.services.moto import KEY_ID, SECRET, ObjectStore
from tests.services.vault import fake_vault

TOKEN = "t0ken-very-secret"

#: The examples that tests play which know more of them, below `tests`.
_SERVICES = (
    "integration/internal/worker/test_local_services.py",
    "integration/internal/worker/test_contained_examples.py",
)
ELSEWHERE: dict[str, tuple[str, ...]] = {
    "resource-git-pr": ("acceptance/test_pull_requests.py",),
    "runner-docker": ("acceptance/test_containers.py",),
    **{f"service-{name}": _SERVICES for name in ("kafka", "mariadb", "nats", "postgresql", "rabbitmq", "redis")},
    **{f"service-{name}": _SERVICES[1:] for name in ("keycloak", "minio", "vault")},
}


def http(play: Play) -> None:
    """A server that wants one login for the tool and another for the rest."""
    seen: dict[str, dict[str, str]] = {}

    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        path = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
        seen[path] = {name: value for name, value in environ.items() if isinstance(value, str)}
        seen[path]["body"] = environ["wsgi.input"].read().decode()
        start("200 OK", [("ETag", '"one"')])
        return [json.dumps({"tag_name": "1.4.2"}).encode()]

    with served(answer, certificates(play)) as address:
        play.run({"server": address, "ca_cert": authority(play), "password": "pa55-word", "token": TOKEN})
    tool, release, sent = (
        seen[path] for path in ("GET /tool.tar.gz", "GET /releases/latest", "POST /reports/sizes.txt")
    )
    assert tool["HTTP_AUTHORIZATION"] == "Basic " + base64.b64encode(b"ci:pa55-word").decode()
    assert (tool["HTTP_ACCEPT"], tool["HTTP_X_API_KEY"]) == ("application/gzip", TOKEN)
    assert release["HTTP_AUTHORIZATION"] == sent["HTTP_AUTHORIZATION"] == f"Bearer {TOKEN}"
    assert "release 1.4.2" in sent["body"]


def fs(play: Play) -> None:
    """Files that somebody leaves, and the report that is left for them."""
    for folder in ("orders", "reports"):
        (play.folder / folder).mkdir()
    (play.folder / "orders" / "monday.csv").write_text("one\ntwo\n")
    (play.folder / "orders" / "tuesday.csv").write_text("three\n")
    play.run({"share": str(play.folder)})
    assert (play.folder / "reports" / "lines.txt").read_text() == "3\n"


def s3(play: Play) -> None:
    """Moto's store, where one of the buckets keeps versions."""
    store: ObjectStore = play.request.getfixturevalue("object_store")
    store.make_bucket("example-releases")
    store.make_bucket("example-state", versioned=True)
    login = {"access_key_id": KEY_ID, "secret_access_key": SECRET, "session_token": "a-token"}
    play.set({
        "endpoint": store.endpoint, "ca_cert": store.ca_cert, "bucket": "example-releases",
        "state_bucket": "example-state", **login,
    })  # fmt: skip
    play.start()
    ended(play, "release")
    look(play, "s3.state")
    play.check()
    head = store.ask("GET", "/example-releases/app/app-1.4.2.tgz").headers
    assert (head["content-type"], head["x-amz-server-side-encryption"]) == ("application/gzip", "aws:kms")


def registry_image(play: Play) -> None:
    """Debian's registry, and a small one without TLS."""
    registry: ImageRegistry = play.request.getfixturevalue("image_registry")
    (play.folder / "app.tar").write_bytes(packed(Image("one").layout()))
    with plain_registry(Image("tools").layer) as address:
        play.set({
            "registry": registry.host, "username": USERNAME, "password": PASSWORD, "ca_cert": registry.ca_cert,
            "plain_registry": address, "archive": str(play.folder / "app.tar"),
        })  # fmt: skip
        play.start()
        ended(play, "push")
        look(play, "registry-image.stable", "registry-image.nightly", "registry-image.app")
        play.check()


@contextmanager
def plain_registry(layer: bytes) -> Iterator[str]:
    """The address of a registry with one image."""
    server = WSGIServer(("127.0.0.1", 0), Registry(layer), log=None, error_log=None)
    server.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.stop(timeout=1)


class _Logins(GitHost):
    """Lets in whoever gives one of several logins."""

    logins: tuple[str, ...] = ()

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        given = environ.get("HTTP_AUTHORIZATION", "")
        self.login = given if given in self.logins else self.logins[0]
        return super().__call__(environ, start)


def git(play: Play) -> None:
    """A host that lets a user in who reads, and a token that writes."""
    host = _Logins(play.folder / "served")
    pairs = ("ci:pa55-word", f"x-access-token:{TOKEN}")
    host.logins = tuple("Basic " + base64.b64encode(pair.encode()).decode() for pair in pairs)
    repository = upstream(play)
    (repository.folder / "src").mkdir()
    (repository.folder / "src" / "main").write_text("main")
    repository.commit(GOOD, "first [ci skip]")
    repository.git("tag", "v1.0")
    bare = host.root / "app.git"
    repository.publish(bare)
    repository.git("-C", str(bare), "config", "http.receivepack", "true")
    with served(host, certificates(play)) as address:
        values = {"url": f"{address}/app.git", "ca_cert": authority(play), "password": "pa55-word", "token": TOKEN}
        play.run(values)
    assert set(host.logins) <= set(host.seen)
    assert repository.git("-C", str(bare), "log", "-1", "--format=%s", "built") == "built\n"


def git_tag(play: Play) -> None:
    """The `ssh` of the server's PATH stays on this machine."""
    repository = upstream(play)
    repository.commit(GOOD, "first")
    for tag in ("v1.1", "v1.2", "v2.0"):
        repository.git("tag", tag)
    key = "-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0LWtleQ==\n-----END OPENSSH PRIVATE KEY-----"
    url = f"ssh://git@host{repository.folder}"
    play.run({"url": url, "private_key": key, "known_hosts": "host ssh-ed25519 AAAA"})
    told = (play.server.folder / "ssh.log").read_text()
    assert "StrictHostKeyChecking=yes" in told
    assert "-i " in told


def cron(play: Play) -> None:
    """A check makes a version at once."""
    play.set()
    play.start()
    look(play, "cron.evening")
    play.check()


def vault(play: Play) -> None:
    """A server that speaks Vault's API and takes all three logins."""
    with fake_vault(certificates(play)) as found:
        found.roles, found.jwts = {"builds": "secret-id-1"}, {"jwt.of.build": "deploy"}
        found.version_2["app"] = {"password": "hunter22"}
        found.version_2["database"] = {"user": "builder"}
        found.version_2["tls"] = {"certificate": "certificate"}
        play.run({
            "address": found.address, "ca_cert": authority(play), "vault_token": "root-token",
            "secret_id": "secret-id-1", "jwt": "jwt.of.build",
        })  # fmt: skip
        asked = {path: namespace for _, path, _, namespace in found.asked}
    assert {"/v1/auth/approle/login", "/v1/auth/ci/login"} <= asked.keys()
    assert asked["/v1/secret/data/app"] == "team-a"


def secret_file(play: Play) -> None:
    """Two files, one of which is named by what is in the other."""
    (play.folder / "settings").write_text("STAGE='production'\n")
    (play.folder / "production.json").write_text(json.dumps({"token": "hunter22"}))
    play.run()


def secret_pikoci(play: Play) -> None:
    """An entry of the pipeline."""
    play.set()
    answer = play.server.http.put(f"/api/v1{play.address}/secrets/DEPLOY_TOKEN", json={"value": "hunter22"})
    assert answer.is_success, answer.text
    play.start()
    play.check()


def look(play: Play, *resources: str) -> None:
    """Have resources checked now."""
    for resource in resources:
        play.server.post(f"{play.address}/resources/{resource}/check")


def ended(play: Play, job: str) -> None:
    """Wait for the first build of a job."""
    play.server.wait_for_build(play.name, job, "1", "succeeded", "failed", "errored")


def certificates(play: Play) -> Path:
    """The folder of a server's certificate."""
    folder = play.folder / "certificates"
    if not folder.exists():
        folder.mkdir()
        make_certificates(folder)
    return folder


def authority(play: Play) -> str:
    """Who vouches for it."""
    return (certificates(play) / AUTHORITY).read_text()


def upstream(play: Play) -> Repository:
    """An empty repository."""
    play.request.getfixturevalue("git")
    return Repository(play.folder / "repository")


def surroundings(folder: Path) -> dict[str, str]:
    """Variables by which a server in the folder trusts its `certificates`, and finds an `ssh` that stays here."""
    (folder / "certificates").mkdir()
    make_certificates(folder / "certificates")
    (folder / "bin").mkdir()
    ssh = folder / "bin" / "ssh"
    ssh.write_text(f'#!/bin/sh\necho "$*" >> {folder}/ssh.log\nwhile [ $# -gt 1 ]; do shift; done\neval "$1"\n')
    ssh.chmod(0o755)
    return {"PATH": f"{folder}/bin:{os.environ['PATH']}", "SSL_CERT_FILE": str(folder / "certificates" / AUTHORITY)}


TYPE_PLAYS: dict[str, Callable[[Play], None]] = {
    "resource-cron": cron,
    "resource-fs": fs,
    "resource-git": git,
    "resource-git-tag": git_tag,
    "resource-http": http,
    "resource-registry-image": registry_image,
    "resource-s3": s3,
    "secret-file": secret_file,
    "secret-pikoci": secret_pikoci,
    "secret-vault": vault,
}
