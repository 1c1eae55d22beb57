"""Calls about pipelines, jobs and resources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pikoci.pkg.client.transport import Transport, path

Json = dict[str, Any]


class Pipelines:
    """`client.pipelines`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, team: str) -> Iterator[Json]:
        """A team's pipelines with their jobs' state."""
        return self._transport.items(path("teams", team, "pipelines"))

    def create(self, team: str, name: str, config: str, variables: Mapping[str, Any] | None = None) -> Json:
        """Make a pipeline; returns it and the changes. Raises ApiError 409 where there is one of that name."""
        body = {"name": name, "config": config, "vars": dict(variables or {})}
        return _object(self._transport.change("POST", path("teams", team, "pipelines"), body))

    def set(self, team: str, name: str, config: str, variables: Mapping[str, Any] | None = None) -> Json:
        """Make a pipeline what the file says, whether it exists or not; returns it and the changes."""
        body = {"config": config, "vars": dict(variables or {})}
        return _object(self._transport.change("PUT", _pipeline(team, name), body))

    def plan(self, team: str, name: str, config: str, variables: Mapping[str, Any] | None = None) -> Json:
        """What `set` would change."""
        body = {"config": config, "vars": dict(variables or {})}
        return _object(self._transport.send("POST", _pipeline(team, name, "plan"), body=body, changes=False))

    def get(self, team: str, name: str) -> Json:
        """A pipeline, and its file."""
        return _object(self._transport.get(_pipeline(team, name)))

    def delete(self, team: str, name: str) -> None:
        """Remove a pipeline with all its history."""
        self._transport.change("DELETE", _pipeline(team, name))

    def pause(self, team: str, name: str) -> None:
        """Start no new builds."""
        self._transport.change("POST", _pipeline(team, name, "pause"))

    def unpause(self, team: str, name: str) -> None:
        """Undo a pause."""
        self._transport.change("POST", _pipeline(team, name, "unpause"))

    def publish(self, team: str, name: str) -> None:
        """Show status, graph and logs to everybody."""
        self._transport.change("POST", _pipeline(team, name, "publish"))

    def unpublish(self, team: str, name: str) -> None:
        """Undo a publish."""
        self._transport.change("POST", _pipeline(team, name, "unpublish"))

    def graph(self, team: str, name: str) -> Json:
        """Nodes and edges."""
        return _object(self._transport.get(_pipeline(team, name, "graph")))

    def drawing(self, team: str, name: str, form: str = "dot") -> str:
        """The graph as `dot`, `mermaid` or `svg`."""
        with self._transport.open("GET", _pipeline(team, name, "graph"), params={"format": form}) as response:
            return response.read().decode()

    def badge(self, team: str, name: str) -> str:
        """A small SVG picture of its state."""
        with self._transport.open("GET", _pipeline(team, name, "badge.svg")) as response:
            return response.read().decode()


class Jobs:
    """`client.jobs`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, team: str, pipeline: str) -> Iterator[Json]:
        """The pipeline's jobs, in file order."""
        return self._transport.items(_pipeline(team, pipeline, "jobs"))

    def get(self, team: str, pipeline: str, job: str) -> Json:
        """A job with its newest builds, and its inputs."""
        return _object(self._transport.get(_pipeline(team, pipeline, "jobs", job)))

    def pause(self, team: str, pipeline: str, job: str) -> None:
        """Start no new builds of it."""
        self._transport.change("POST", _pipeline(team, pipeline, "jobs", job, "pause"))

    def unpause(self, team: str, pipeline: str, job: str) -> None:
        """Undo a pause."""
        self._transport.change("POST", _pipeline(team, pipeline, "jobs", job, "unpause"))


class Resources:
    """`client.resources`; a resource is named `type.name`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, team: str, pipeline: str) -> Iterator[Json]:
        """The pipeline's resources, in file order."""
        return self._transport.items(_pipeline(team, pipeline, "resources"))

    def get(self, team: str, pipeline: str, resource: str) -> Json:
        """A resource with its newest and its pinned version."""
        return _object(self._transport.get(_pipeline(team, pipeline, "resources", resource)))

    def check(self, team: str, pipeline: str, resource: str) -> None:
        """Look for new versions at once."""
        self._transport.change("POST", _pipeline(team, pipeline, "resources", resource, "check"))

    def pin(self, team: str, pipeline: str, resource: str, version_id: int) -> None:
        """Offer only this version from now on."""
        address = _pipeline(team, pipeline, "resources", resource, "pin")
        self._transport.change("POST", address, {"version_id": version_id})

    def unpin(self, team: str, pipeline: str, resource: str) -> None:
        """Offer every version again."""
        self._transport.change("POST", _pipeline(team, pipeline, "resources", resource, "unpin"))

    def rotate_webhook_token(self, team: str, pipeline: str, resource: str) -> str:
        """Make a new webhook token; the old one is void."""
        address = _pipeline(team, pipeline, "resources", resource, "webhook-token")
        return str(_object(self._transport.change("POST", address))["webhook_token"])

    def versions(self, team: str, pipeline: str, resource: str) -> Iterator[Json]:
        """The resource's versions, newest first."""
        return self._transport.items(_pipeline(team, pipeline, "resources", resource, "versions"))

    def set_version_enabled(self, team: str, pipeline: str, resource: str, version_id: int, *, enabled: bool) -> None:
        """Take a version out of use, or bring it back."""
        word = "enable" if enabled else "disable"
        self._transport.change("POST", _pipeline(team, pipeline, "resources", resource, "versions", version_id, word))

    def trigger_version(self, team: str, pipeline: str, resource: str, version_id: int) -> Json:
        """Start builds with this very version; returns them."""
        address = _pipeline(team, pipeline, "resources", resource, "versions", version_id, "trigger")
        return _object(self._transport.change("POST", address))


def _pipeline(team: str, name: str, *more: object) -> str:
    return path("teams", team, "pipelines", name, *more)


def _object(answer: Any) -> Json:
    return dict(answer)
