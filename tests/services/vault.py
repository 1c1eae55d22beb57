"""A small server that speaks what of Vault's API reading secrets needs, in the shapes of its documentation."""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gevent.pywsgi import WSGIServer
from gevent.ssl import PROTOCOL_TLS_SERVER, SSLContext

_Answer = tuple[int, dict[str, Any]]


@dataclass
class FakeVault:
    """`version_1` and `version_2` hold secrets by their paths below the mounts `kv` and `secret`.

    `asked` are the requests: method, path, token and namespace. With `say` it answers that, a status and a body, and
    with `location` it sends on to there.
    """

    address: str = ""
    root: str = "root-token"
    roles: dict[str, str] = field(default_factory=lambda: {"role-1": "secret-id-1"})
    jwts: dict[str, str] = field(default_factory=lambda: {"jwt.of.build": "deploy"})
    version_1: dict[str, dict[str, Any]] = field(default_factory=dict)
    version_2: dict[str, dict[str, Any] | None] = field(default_factory=dict)
    asked: list[tuple[str, str, str, str]] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    say: tuple[int, bytes] | None = None
    location: str = ""

    def __call__(self, environ: dict[str, Any], start: Any) -> list[bytes]:
        path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
        token = environ.get("HTTP_X_VAULT_TOKEN", "")
        self.asked.append((method, path, token, environ.get("HTTP_X_VAULT_NAMESPACE", "")))
        body = environ["wsgi.input"].read()
        if self.say is not None:
            status, data = self.say
        else:
            status, answer = self._answer(method, path.removeprefix("/v1/"), token, json.loads(body or b"{}"))
            data = b"" if status == 204 else json.dumps(answer).encode()
        headers = [("Content-Type", "application/json")]
        start(f"{status} X", [*headers, ("Location", self.location)] if self.location else headers)
        return [data]

    def _answer(self, method: str, path: str, token: str, body: dict[str, Any]) -> _Answer:
        if path.startswith("auth/") and path.endswith("/login"):
            return self._login(path.split("/")[1], body)
        if token != self.root and token not in self.tokens:
            return 403, {"errors": ["permission denied"]}
        if path == "auth/token/revoke-self":
            self.tokens.discard(token)
            return 204, {}
        if path.startswith("sys/internal/ui/mounts/secret/"):
            return 200, {"data": {"path": "secret/", "type": "kv", "options": {"version": "2"}}}
        if path.startswith("sys/internal/ui/mounts/kv/"):
            return 200, {"data": {"path": "kv/", "type": "kv", "options": {"version": "1"}}}
        return self._secret(path)

    def _login(self, mount: str, body: dict[str, Any]) -> _Answer:
        if mount == "approle":
            known = self.roles.get(body.get("role_id", "")) == body.get("secret_id", "")
        else:
            known = body.get("jwt", "") in self.jwts and self.jwts[body["jwt"]] == body.get("role", "")
        if not known:
            return 400, {"errors": ["invalid role or secret ID"]}
        token = f"hvs.made-{len(self.asked)}"
        self.tokens.add(token)
        return 200, {"auth": {"client_token": token, "policies": ["default"], "lease_duration": 2764800}}

    def _secret(self, path: str) -> _Answer:
        if path.startswith("secret/data/"):
            name = path.removeprefix("secret/data/")
            if name not in self.version_2:
                return 404, {"errors": []}
            found = self.version_2[name]
            metadata = {"version": 3, "created_time": "2026-01-02T03:04:05Z", "destroyed": False, "deletion_time": ""}
            return (404 if found is None else 200), {"data": {"data": found, "metadata": metadata}, "lease_id": ""}
        if path.startswith("kv/") and path.removeprefix("kv/") in self.version_1:
            return 200, {"data": self.version_1[path.removeprefix("kv/")], "lease_duration": 2764800}
        return 404, {"errors": [], "warnings": ["Invalid path for a versioned K/V secrets engine."]}


@contextmanager
def fake_vault(certificates: Path | None = None) -> Generator[FakeVault]:
    """A server on a free port; with `certificates`, as `make_certificates` writes them, by TLS."""
    vault = FakeVault()
    options: dict[str, Any] = {}
    if certificates is not None:
        options["ssl_context"] = SSLContext(PROTOCOL_TLS_SERVER)
        options["ssl_context"].load_cert_chain(certificates / "server.pem", certificates / "server.key")
    server = WSGIServer(("127.0.0.1", 0), vault, log=None, error_log=None, **options)
    server.start()
    vault.address = f"http{'s' if options else ''}://127.0.0.1:{server.server_port}"
    try:
        yield vault
    finally:
        server.stop(timeout=1)
