"""Showing, checking and pinning resources."""

from __future__ import annotations

from collections.abc import Sequence

from pikoci.internal.domain.accounts import Principal
from pikoci.internal.domain.build import Build
from pikoci.internal.domain.pipeline import Page, ResourceState, Version
from pikoci.internal.service.context import Context
from pikoci.internal.service.model import ResourceView


class ResourceService:
    """Use cases around one resource, named `type.name`."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def list(self, principal: Principal, team: str, pipeline: str) -> list[ResourceView]:
        """The pipeline's resources (not archived) with their latest versions."""
        raise NotImplementedError

    def get(self, principal: Principal, team: str, pipeline: str, resource: str) -> ResourceView:
        """One resource. Raises NotFoundError."""
        raise NotImplementedError

    def check(self, principal: Principal, team: str, pipeline: str, resource: str) -> None:
        """Check at once (role write). A check that runs already is followed by another one."""
        raise NotImplementedError

    def pin(self, principal: Principal, team: str, pipeline: str, resource: str, version_id: int) -> None:
        """Offer only this version from now on (role write). Raises NotFoundError for a version of another resource."""
        raise NotImplementedError

    def unpin(self, principal: Principal, team: str, pipeline: str, resource: str) -> None:
        """Undo `pin`. Idempotent."""
        raise NotImplementedError

    def versions(
        self,
        principal: Principal,
        team: str,
        pipeline: str,
        resource: str,
        *,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[Version]:
        """Versions, newest first (role read; never to the public)."""
        raise NotImplementedError

    def set_version_enabled(
        self, principal: Principal, team: str, pipeline: str, resource: str, version_id: int, *, enabled: bool
    ) -> None:
        """Take a version out of use, or bring it back (role write). Idempotent."""
        raise NotImplementedError

    def trigger_version(
        self, principal: Principal, team: str, pipeline: str, resource: str, version_id: int
    ) -> Sequence[Build]:
        """Start a build of every job that gets this resource with `trigger`, with this very version (role write)."""
        raise NotImplementedError

    def webhook(self, token: str) -> ResourceState:
        """Check the resource of this token at once. Raises NotFoundError for an unknown token."""
        raise NotImplementedError

    def rotate_webhook_token(self, principal: Principal, team: str, pipeline: str, resource: str) -> str:
        """Give the resource a new webhook token (role maintain); the old one is void at once."""
        raise NotImplementedError
