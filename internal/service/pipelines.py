"""Setting, showing and removing pipelines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pikoci.internal.domain.accounts import Principal
from pikoci.internal.domain.pipeline import Page, Pipeline, PipelineOverview
from pikoci.internal.service.context import Context
from pikoci.internal.service.model import Graph


class PipelineService:
    """Use cases around a whole pipeline. The file is the wished state; setting it makes it so."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def set(
        self, principal: Principal, team: str, name: str, config: str, variables: Mapping[str, object]
    ) -> tuple[Pipeline, Sequence[object]]:
        """Create or update a pipeline (role maintain); returns it and the changes, as `pipeline.diff` tells them.

        A job that disappears is archived with its history and comes back if the job does. Setting the same file and
        variables again changes nothing. Raises InvalidPipelineError with every diagnostic, TooLargeError.
        """
        raise NotImplementedError

    def plan(
        self, principal: Principal, team: str, name: str, config: str, variables: Mapping[str, object]
    ) -> Sequence[object]:
        """The changes that `set` would make (role maintain), without making them. Raises what `set` raises."""
        raise NotImplementedError

    def get(self, principal: Principal, team: str, name: str) -> PipelineOverview:
        """A pipeline with its jobs' state. Raises NotFoundError."""
        raise NotImplementedError

    def list(
        self, principal: Principal, team: str | None, *, limit: int = 50, cursor: str | None = None
    ) -> Page[PipelineOverview]:
        """Pipelines of a team, or of all teams, that the principal may see; by team and name."""
        raise NotImplementedError

    def source(self, principal: Principal, team: str, name: str) -> str:
        """The HCL text as it was set (role read; never to the public). Variables are never given back."""
        raise NotImplementedError

    def delete(self, principal: Principal, team: str, name: str) -> None:
        """Remove a pipeline with everything that belongs to it (role admin). Running builds lose their claims."""
        raise NotImplementedError

    def pause(self, principal: Principal, team: str, name: str) -> None:
        """Start no new builds (role write); checks go on, running builds finish, waiting ones wait. Idempotent."""
        raise NotImplementedError

    def unpause(self, principal: Principal, team: str, name: str) -> None:
        """Undo `pause`: what waits is looked at, at once. Idempotent."""
        raise NotImplementedError

    def publish(self, principal: Principal, team: str, name: str) -> None:
        """Show status, graph and logs to everybody (role maintain)."""
        raise NotImplementedError

    def unpublish(self, principal: Principal, team: str, name: str) -> None:
        """Undo `publish`."""
        raise NotImplementedError

    def graph(self, principal: Principal, team: str, name: str) -> Graph:
        """The pipeline's jobs and resources as nodes and edges, with the jobs' status."""
        raise NotImplementedError
