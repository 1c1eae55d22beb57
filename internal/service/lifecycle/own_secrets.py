"""Entries of the server's own store of secrets, handed to whoever holds a claim whose plan names them."""

from __future__ import annotations

from pikoci.internal.domain.build import BuildStatus
from pikoci.internal.domain.builtin import OWN_STORE
from pikoci.internal.domain.errors import NotFoundError, PermissionDeniedError, StaleClaimError
from pikoci.internal.domain.pipeline import Pipeline
from pikoci.internal.domain.plan import Secrets
from pikoci.internal.service.lifecycle.announcing import Announcements
from pikoci.internal.service.plumbing.claimant import Claimant
from pikoci.internal.service.plumbing.context import Context
from pikoci.internal.service.plumbing.excerpt import secrets_of


def entries_of(secrets: Secrets) -> list[str]:
    """The names of the entries that a plan needs."""
    own = {kind.name for kind in secrets.types if kind.builtin == OWN_STORE}
    return sorted({variable.path for variable in secrets.variables if variable.secret_type in own})


class OwnSecrets:
    """Gives values to claims, at each use. The claim must be that of `by`, if given."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._store = context.store

    def of_build(self, build_id: int, claim: int, name: str, by: Claimant | None) -> str:
        """See `Gateway.build_secret`. What the plan named when the build was claimed counts."""
        build = self._store.builds.get(build_id)
        if build is None or build.claim != claim or build.status is not BuildStatus.STARTED:
            raise StaleClaimError(f"claim {claim} of build {build_id} is no longer current")
        if by is not None:
            by.require_mine(self._store.builds.holder(build_id), f"claim {claim} of build {build_id}")
        if name not in self._store.builds.secret_names(build_id):
            raise PermissionDeniedError(f"the plan of build {build_id} does not name the entry {name}")
        return self._read(self._store.pipelines.get(build.pipeline_id), name)

    def of_check(self, resource_id: int, claim: int, name: str, by: Claimant | None) -> str:
        """See `Gateway.check_secret`. What the pipeline says now counts."""
        state = self._store.resources.get(resource_id)
        if state is None or state.check_claim != claim or state.check_worker is None:
            raise StaleClaimError(f"claim {claim} of the check of resource {resource_id} is no longer current")
        if by is not None:
            holder = self._store.resources.check_holder(resource_id)
            by.require_mine(holder, f"claim {claim} of the check of resource {resource_id}")
        pipeline = self._store.pipelines.get(state.pipeline_id)
        spec = self._context.compiled.get(pipeline).spec if pipeline else None
        resource = spec.resource(state.canonical) if spec else None
        kind = spec.resource_type(state.type) if spec else None
        if spec is None or name not in entries_of(secrets_of(spec, resource, kind, spec.env)):
            raise PermissionDeniedError(f"the plan of this check does not name the entry {name}")
        return self._read(pipeline, name)

    def of_announcement(self, announcement_id: int, claim: int, name: str, by: Claimant | None) -> str:
        """See `Gateway.announcement_secret`. What the pipeline says now counts."""
        pipeline, excerpt = Announcements(self._context).require_claim(announcement_id, claim, by)
        if name not in entries_of(excerpt.secrets):
            raise PermissionDeniedError(f"announcement {announcement_id} does not name the entry {name}")
        return self._read(pipeline, name)

    def _read(self, pipeline: Pipeline | None, name: str) -> str:
        if pipeline is None:
            raise StaleClaimError("the pipeline was deleted")
        value = self._store.secrets.read(pipeline.team_id, pipeline.id, name)
        if value is None:
            raise NotFoundError(f"neither pipeline {pipeline.name} nor team {pipeline.team} has a secret {name}")
        return value
