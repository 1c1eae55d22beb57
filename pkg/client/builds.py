"""Calls about builds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pikoci.pkg.client.errors import ApiError, ClientError, ServerUnreachableError
from pikoci.pkg.client.events import BuildEvent, follow
from pikoci.pkg.client.transport import PAGE, Transport, path

Json = dict[str, Any]


class Builds:
    """`client.builds`; a build's number is `3`, or `3.1` for a retry."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def trigger(
        self,
        team: str,
        pipeline: str,
        job: str,
        inputs: Mapping[str, int] | None = None,
        values: Mapping[str, object] | None = None,
        *,
        key: str | None = None,
    ) -> Json:
        """Start a build; `inputs` maps gets to version ids, `values` the job's inputs to what they shall be.

        The same `key` again starts none but gives the same one.
        """
        body = {"inputs": dict(inputs or {}), **({"values": dict(values)} if values else {})}
        return dict(self._transport.change("POST", _builds(team, pipeline, job), body, key=key))

    def list(
        self, team: str, pipeline: str, job: str, statuses: Sequence[str] = (), *, page: int = PAGE
    ) -> Iterator[Json]:
        """Builds of a job, newest first, asked for `page` at a time."""
        params = {"status": ",".join(statuses)} if statuses else {}
        return self._transport.items(_builds(team, pipeline, job), params, page)

    def get(self, team: str, pipeline: str, job: str, number: str) -> Json:
        """A build with its steps, inputs and outputs."""
        return dict(self._transport.get(_builds(team, pipeline, job, number)))

    def reproduction(self, team: str, pipeline: str, job: str, number: str) -> Json:
        """What is needed to run the build's job elsewhere: the file, variables that are not secret, versions."""
        return dict(self._transport.get(_builds(team, pipeline, job, number, "reproduction")))

    def cancel(self, team: str, pipeline: str, job: str, number: str) -> Json:
        """Cancel a build."""
        return dict(self._transport.change("POST", _builds(team, pipeline, job, number, "cancel")))

    def retry(self, team: str, pipeline: str, job: str, number: str) -> Json:
        """Run an ended build again with its very versions."""
        return dict(self._transport.change("POST", _builds(team, pipeline, job, number, "retry")))

    def approve(self, team: str, pipeline: str, job: str, number: str, label: str = "", reason: str = "") -> Json:
        """Approve a build that waits for it; the label may be left out where there is one only."""
        body = {"label": label, "reason": reason}
        return dict(self._transport.change("POST", _builds(team, pipeline, job, number, "approve"), body))

    def reject(self, team: str, pipeline: str, job: str, number: str, reason: str, label: str = "") -> Json:
        """Reject a build that waits for approval; it has failed then."""
        body = {"label": label, "reason": reason}
        return dict(self._transport.change("POST", _builds(team, pipeline, job, number, "reject"), body))

    def log(self, team: str, pipeline: str, job: str, number: str, offset: int = 0) -> Iterator[bytes]:
        """What the log holds now, from an offset on, in pieces; goes on where a lost connection stopped."""
        policy, address, failures = self._transport.policy, _builds(team, pipeline, job, number, "log"), 0
        while True:
            try:
                for piece in self._log_from(address, offset):
                    offset += len(piece)
                    failures = 0
                    yield piece
            except ServerUnreachableError as error:
                failures += 1
                if failures >= policy.attempts:
                    raise
                policy.pause(failures, error)
            else:
                return

    def follow(self, team: str, pipeline: str, job: str, number: str, offset: int = 0) -> Iterator[BuildEvent]:
        """What happens to a build, live, until it ended; see `events.follow`."""
        return follow(self._transport, _builds(team, pipeline, job, number, "events"), offset)

    def _log_from(self, address: str, offset: int) -> Iterator[bytes]:
        headers = {"Accept": "text/plain", **({"Range": f"bytes={offset}-"} if offset else {})}
        try:
            with self._transport.open("GET", address, headers=headers) as response:
                if offset and response.status_code != 206:
                    raise ClientError("the server does not give parts of logs")
                yield from response.iter_bytes()
        except ApiError as error:
            if error.status != 416:
                raise


def _builds(team: str, pipeline: str, job: str, *more: object) -> str:
    return path("teams", team, "pipelines", pipeline, "jobs", job, "builds", *more)
