"""A database with everything in it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

from pikoci.internal.domain.inputs import History
from pikoci.internal.domain.repositories.accounts import (
    AccountRepository,
    EndedSessionRepository,
    IdempotencyRepository,
    SettingRepository,
)
from pikoci.internal.domain.repositories.announcements import AnnouncementRepository
from pikoci.internal.domain.repositories.audit import AuditRepository
from pikoci.internal.domain.repositories.builds import ArtifactRepository, BuildRepository, LogRepository
from pikoci.internal.domain.repositories.credentials import ApiTokenRepository, UserSessionRepository
from pikoci.internal.domain.repositories.deletion import DeletionRepository
from pikoci.internal.domain.repositories.fleet import WorkerRepository, WorkerTokenRepository
from pikoci.internal.domain.repositories.pipelines import JobRepository, PipelineRepository
from pikoci.internal.domain.repositories.resources import ResourceRepository, VersionRepository
from pikoci.internal.domain.repositories.sealed import SealedRepository
from pikoci.internal.domain.repositories.secrets import SecretRepository


class Store(Protocol):
    """A database with everything in it."""

    accounts: AccountRepository
    api_tokens: ApiTokenRepository
    sessions: UserSessionRepository
    ended_sessions: EndedSessionRepository
    settings: SettingRepository
    idempotency: IdempotencyRepository
    pipelines: PipelineRepository
    jobs: JobRepository
    resources: ResourceRepository
    versions: VersionRepository
    builds: BuildRepository
    announcements: AnnouncementRepository
    logs: LogRepository
    workers: WorkerRepository
    worker_tokens: WorkerTokenRepository
    artifacts: ArtifactRepository
    deletions: DeletionRepository
    secrets: SecretRepository
    audit: AuditRepository
    sealed: SealedRepository

    def history(self, pipeline_id: int) -> History:
        """What input resolution reads, over one pipeline."""

    def transaction(self, *, snapshot: bool = False) -> AbstractContextManager[None]:
        """A read-write transaction; a nested one joins the outer. Nothing in it may wait but for the database.

        With `snapshot` all its statements see the database as it was at the first one; to change a row that somebody
        else has changed since raises UnavailableError: try again.
        """

    def after_commit(self, action: Callable[[], None]) -> None:
        """Do this once the transaction is committed, at once outside one, and never if it is rolled back.

        It may wait, and it must not raise: what was committed stays.
        """

    def check_health(self) -> None:
        """Return if the database answers and takes changes, else raise UnavailableError saying what is missing."""

    def give_back_space(self) -> bool:
        """Give a little of the space that deleted rows left back to the file system; whether there is more to give.

        Called outside of transactions. Does nothing where the database sees to it itself.
        """

    def migrate(self) -> list[str]:
        """Apply missing migrations, one server at a time; returns their names."""

    def pending_migrations(self) -> list[str]:
        """Names of migrations not yet applied."""

    def close(self) -> None:
        """Give every connection back."""
