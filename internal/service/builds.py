"""Starting, watching, cancelling and retrying builds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pikoci.internal.domain.accounts import Principal
from pikoci.internal.domain.build import Build, BuildStatus, LogChunk
from pikoci.internal.domain.pipeline import Page
from pikoci.internal.service.context import Context
from pikoci.internal.service.model import BuildDetail, BuildUpdate


class BuildService:
    """Use cases around one build. A build's `number` is the one people see: `3`, or `3.1` for a retry."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def trigger(
        self, principal: Principal, team: str, pipeline: str, job: str, inputs: Mapping[str, int] | None = None
    ) -> Build:
        """Start a build (role write). `inputs` chooses versions: a get's name, or a resource's, to a version id.

        The build is accepted once this returns. Where something blocks it (pause, limits, no version for a get) it is
        pending and its `reason` says why. Raises NotFoundError, InvalidError for inputs that do not fit, ConflictError
        for an archived job.
        """
        raise NotImplementedError

    def list(
        self,
        principal: Principal,
        team: str,
        pipeline: str,
        job: str | None = None,
        *,
        statuses: Sequence[BuildStatus] = (),
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[Build]:
        """Builds of a job, or of all jobs, newest first."""
        raise NotImplementedError

    def find(self, principal: Principal, team: str, pipeline: str, job: str, number: str) -> Build:
        """The build alone; its id opens `read_log` and `follow`. Raises NotFoundError."""
        raise NotImplementedError

    def get(self, principal: Principal, team: str, pipeline: str, job: str, number: str) -> BuildDetail:
        """A build with its steps, inputs and outputs. To the public, versions stay hidden."""
        raise NotImplementedError

    def cancel(self, principal: Principal, team: str, pipeline: str, job: str, number: str) -> Build:
        """Cancel (role write): at once where it waits, else through its worker. Idempotent.

        Raises ConflictError once it ended.
        """
        raise NotImplementedError

    def retry(self, principal: Principal, team: str, pipeline: str, job: str, number: str) -> Build:
        """Run an ended build again as `n.k` with the very versions it had (role write).

        Raises ConflictError while it has not ended, for an archived job, and where the job has `disable_retry`.
        """
        raise NotImplementedError

    def read_log(self, build_id: int, offset: int = 0, limit: int = 1024 * 1024) -> Sequence[LogChunk]:
        """Log from `offset` on (the first chunk is cut to start there): whole chunks until `limit` bytes are reached.

        No access check: `find` the build first.
        """
        raise NotImplementedError

    def follow(self, build_id: int, log_offset: int = 0) -> Iterator[BuildUpdate | None]:
        """What happens to a build, as it happens; first the whole state. None now and then as a sign of life.

        Ends after the update with the final status and the end of the log. No access check: `find` the build first.
        """
        raise NotImplementedError
