"""Reading secrets from HashiCorp Vault, or OpenBao, over its HTTP API."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing, suppress
from urllib.parse import SplitResult, quote, urlsplit

import gevent
import msgspec

from pikoci.internal.worker.tools.secret_error import SecretError
from pikoci.pkg.web import Web, WebError

_SECONDS, _ALL_SECONDS = 10.0, 30.0  # for one request, and for one secret
_MOST = 1024 * 1024
_LOGINS = {"role_id": "approle", "jwt": "jwt"}
_CREDENTIALS = {"role_id": ("role_id", "secret_id"), "jwt": ("jwt", "role")}
_OK = 200


def read_vault(config: Mapping[str, str], path: str) -> Mapping[str, object]:
    """The secret at `path`, of a key-value store of version 1 or 2; `config` is that of the built-in type `vault`.

    The path is the one of the API (`secret/data/app`), or that of the command line (`secret/app`). Nothing is sent to
    another address than the one given. A token that was made for this is revoked. Raises SecretError.
    """
    session = _Session(config.get("address", ""), config.get("namespace", ""), config.get("ca_cert", ""))
    with gevent.Timeout(_ALL_SECONDS, SecretError(f"no answer in {_ALL_SECONDS:g} s")), closing(session):
        login = next((name for name in _LOGINS if config.get(name)), None)
        if login is None:
            session.token = config.get("token", "")
            return session.read(path)
        mount = config.get("auth_mount") or _LOGINS[login]
        credentials = {name: config[name] for name in _CREDENTIALS[login] if config.get(name)}
        session.log_in(mount, credentials)
        try:
            return session.read(path)
        finally:
            session.revoke()


class _Session:
    """One connection to a server."""

    def __init__(self, address: str, namespace: str, certificates: str) -> None:
        url = _checked(address)
        self._prefix = f"{url.scheme}://{url.netloc}{url.path.rstrip('/')}/v1/"
        self._namespace = namespace
        self._web = Web(seconds=_SECONDS, limit=_MOST, ca=certificates, proxies=False)
        self.token = ""

    def close(self) -> None:
        """Hang up."""
        self._web.close()

    def log_in(self, mount: str, credentials: Mapping[str, str]) -> None:
        """Get a token."""
        status, answer = self._ask("POST", f"auth/{_segments(mount, 'auth_mount')}/login", credentials)
        auth = answer.get("auth")
        token = auth.get("client_token") if isinstance(auth, dict) else None
        if status != _OK or not isinstance(token, str) or not token:
            raise SecretError(f"Vault refused the login by {mount} ({_meaning(status)})")
        self.token = token

    def revoke(self) -> None:
        """End the token, if the server is there to listen; it lapses otherwise."""
        with suppress(SecretError):
            self._ask("POST", "auth/token/revoke-self")

    def read(self, path: str) -> Mapping[str, object]:
        """The values at `path` by their keys."""
        place = _segments(path.strip("/").removeprefix("v1/"), "path")
        status, answer = self._ask("GET", place)
        if status != _OK and (inside := self._inside_version_2(place)):
            status, answer = self._ask("GET", inside)
        data = answer.get("data")
        if status != _OK:
            raise SecretError(f'Vault gives no secret at "{path}" ({_meaning(status)})')
        if not isinstance(data, dict):
            raise SecretError("what answers at the address is no Vault")
        if data.keys() == {"data", "metadata"} and isinstance(data["metadata"], dict) and "version" in data["metadata"]:
            data = data["data"]
        if not isinstance(data, dict):
            raise SecretError(f'the secret at "{path}" was deleted')
        return data

    def _inside_version_2(self, place: str) -> str:
        """The API's path where the store is of version 2 and the path is that of the command line; empty otherwise."""
        status, answer = self._ask("GET", f"sys/internal/ui/mounts/{place}")
        data = answer.get("data")
        if status != _OK or not isinstance(data, dict):
            return ""
        options, mount = data.get("options"), quote(str(data.get("path", "")))
        if not isinstance(options, dict) or options.get("version") != "2" or not place.startswith(mount):
            return ""
        rest = place[len(mount) :]
        return "" if rest.startswith("data/") else f"{mount}data/{rest}"

    def _ask(self, method: str, place: str, body: Mapping[str, str] | None = None) -> tuple[int, dict[str, object]]:
        """The status and the JSON object of an answer; an empty one where there is none, as with errors."""
        headers = {"X-Vault-Request": "true", "Content-Type": "application/json"}
        headers |= {"X-Vault-Token": self.token} if self.token else {}
        headers |= {"X-Vault-Namespace": self._namespace} if self._namespace else {}
        content = b"" if body is None else msgspec.json.encode(dict(body))
        try:
            answer = self._web.ask(method, self._prefix + place, headers=headers, body=content)
        except WebError as error:
            raise SecretError(_meaning_of(error)) from None
        if 300 <= answer.status < 400:
            raise SecretError("Vault redirects to another address, which is not followed: name that one")
        return answer.status, _object(answer.body, answer.status)


def _checked(address: str) -> SplitResult:
    try:
        url = urlsplit(address)
        if url.scheme in ("http", "https") and url.hostname and url.port != 0 and not (url.query or url.fragment):
            if url.username is None and url.password is None:
                return url
            raise SecretError("the address of Vault holds a user or password; Vault takes neither")
    except ValueError:
        pass
    raise SecretError("the address of Vault is no http or https address")


def _segments(path: str, what: str) -> str:
    parts = path.split("/")
    if not path or any(part in ("", ".", "..") for part in parts):
        raise SecretError(f'"{path}" is no {what} of Vault')
    return "/".join(quote(part, safe="") for part in parts)


def _object(data: bytes, status: int) -> dict[str, object]:
    try:
        return msgspec.json.decode(data, type=dict[str, object]) if data else {}
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        if status == _OK:
            raise SecretError("what answers at the address is no Vault") from None
        return {}


def _meaning(status: int) -> str:
    meanings = {
        400: "400: it does not understand the request",
        403: "403: permission denied",
        404: "404: there is nothing",
        429: "429: too many requests, or a standby",
        473: "473: a standby",
        503: "503: it is sealed",
    }
    return meanings.get(status, str(status))


def _meaning_of(error: WebError) -> str:
    if error.fault == "request":
        return "a credential or the namespace holds characters that no request can"
    if error.fault == "ca":
        return str(error)
    hint = "; ca_cert can name who vouches for it" if error.fault == "trust" else ""
    return f"Vault cannot be asked: {error}{hint}"
