"""The client itself."""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

from pikoci.pkg.client.audit import Audit
from pikoci.pkg.client.builds import Builds
from pikoci.pkg.client.credentials import ApiTokens, Sessions
from pikoci.pkg.client.events import BuildEvent
from pikoci.pkg.client.fleet import Workers, WorkerTokens
from pikoci.pkg.client.people import Teams, Users
from pikoci.pkg.client.pipelines import Jobs, Pipelines, Resources
from pikoci.pkg.client.retry import RetryPolicy
from pikoci.pkg.client.secrets import Secrets
from pikoci.pkg.client.transport import Transport, path


class Client:
    """A PikoCI server, as programs see it; cooperative under gevent.

    An address without a scheme gets `http://`. `timeout`, in seconds, bounds each wait for the network. Answers are
    plain JSON data. Reads, and changes (each under an Idempotency-Key), are tried again as `policy` says when the
    server does not answer. Calls raise ApiError when the server refuses and ServerUnreachableError when none answers;
    both are ClientErrors.
    """

    def __init__(
        self, base_url: str, token: str | None = None, *, timeout: float = 30.0, policy: RetryPolicy | None = None
    ) -> None:
        self._transport = Transport(base_url, token, timeout, policy or RetryPolicy())
        self.pipelines = Pipelines(self._transport)
        self.jobs = Jobs(self._transport)
        self.builds = Builds(self._transport)
        self.resources = Resources(self._transport)
        self.users = Users(self._transport)
        self.teams = Teams(self._transport)
        self.audit = Audit(self._transport)
        self.secrets = Secrets(self._transport)
        self.api_tokens = ApiTokens(self._transport)
        self.sessions = Sessions(self._transport)
        self.workers = Workers(self._transport)
        self.worker_tokens = WorkerTokens(self._transport)

    @property
    def base_url(self) -> str:
        """The server's address."""
        return self._transport.base_url

    def login(self, name: str, password: str) -> str:
        """Log in; the client uses the token from now on, and returns it to be kept."""
        answer = self._transport.send("POST", path("login"), body={"name": name, "password": password})
        return self._use(answer)

    def logout(self) -> None:
        """End the session of the client's token."""
        self._transport.send("POST", path("logout"))
        self._transport.token = None

    def change_password(self, current: str, new: str) -> str:
        """Change one's own password. Every session ends; the client uses the new token that this returns."""
        body = {"current": current, "new": new}
        return self._use(self._transport.send("POST", path("profile", "password"), body=body))

    def profile(self) -> dict[str, Any]:
        """Who is logged in."""
        return dict(self._transport.get(path("profile")))

    def follow_build(self, team: str, pipeline: str, job: str, number: str, offset: int = 0) -> Iterator[BuildEvent]:
        """What happens to a build, live, until it ended, through lost connections; see `events.follow`."""
        return self.builds.follow(team, pipeline, job, number, offset)

    def version(self) -> str:
        """The server's version."""
        return str(self._transport.get("/version")["version"])

    def health(self) -> dict[str, Any]:
        """Whether the server's process answers."""
        return dict(self._transport.get("/healthz"))

    def ready(self) -> dict[str, Any]:
        """Whether the server can work. Raises ApiError 503 where its database does not answer."""
        return dict(self._transport.get("/readyz"))

    def metrics(self) -> str:
        """Prometheus' text."""
        with self._transport.open("GET", "/metrics") as response:
            return response.read().decode()

    def openapi(self) -> dict[str, Any]:
        """The description of every route."""
        return dict(self._transport.get(path("openapi.json")))

    def close(self) -> None:
        """Close every connection."""
        self._transport.close()

    def _use(self, answer: Any) -> str:
        token = str(answer["token"])
        self._transport.token = token
        return token

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
