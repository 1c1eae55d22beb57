"""A database with all its repositories."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from pikoci.internal.domain.repositories import (
    AccountRepository,
    AnnouncementRepository,
    ApiTokenRepository,
    ArtifactRepository,
    AuditRepository,
    BuildRepository,
    DeletionRepository,
    EndedSessionRepository,
    IdempotencyRepository,
    JobRepository,
    LogRepository,
    PipelineRepository,
    ResourceRepository,
    SealedRepository,
    SecretRepository,
    SettingRepository,
    UserSessionRepository,
    VersionRepository,
    WorkerRepository,
    WorkerTokenRepository,
)
from pikoci.internal.store.accounts import SqlAccounts
from pikoci.internal.store.announcements import SqlAnnouncements
from pikoci.internal.store.api_tokens import SqlApiTokens
from pikoci.internal.store.artifacts import SqlArtifacts
from pikoci.internal.store.audit import SqlAudit
from pikoci.internal.store.builds import SqlBuilds
from pikoci.internal.store.deletion import SqlDeletion
from pikoci.internal.store.ended_sessions import SqlEndedSessions
from pikoci.internal.store.history import SqlHistory
from pikoci.internal.store.jobs import SqlJobs
from pikoci.internal.store.logs import SqlLogs
from pikoci.internal.store.migrate import Migrations
from pikoci.internal.store.pipelines import SqlPipelines
from pikoci.internal.store.resources import SqlResources
from pikoci.internal.store.sealed import SqlSealed
from pikoci.internal.store.sealing import Sealing
from pikoci.internal.store.secrets import SqlSecrets
from pikoci.internal.store.session import Session
from pikoci.internal.store.settings import SqlIdempotency, SqlSettings
from pikoci.internal.store.user_sessions import SqlUserSessions
from pikoci.internal.store.versions import SqlVersions
from pikoci.internal.store.worker_tokens import SqlWorkerTokens
from pikoci.internal.store.workers import SqlWorkers

if TYPE_CHECKING:
    from pikoci.internal.store.relay import PostgresqlRelay  # its import would load PostgreSQL's driver


class SqlStore:
    """Implements `Store` on a session. `relay` carries wake-ups to other servers, where the database can.

    Values that must not be read in the database are sealed by `sealing`, if it has keys.
    """

    def __init__(
        self, session: Session, system: str, relay: PostgresqlRelay | None = None, sealing: Sealing | None = None
    ) -> None:
        sealing = sealing or Sealing()
        self.session = session
        self.relay = relay
        self._migrations = Migrations(session, system)
        self.accounts: AccountRepository = SqlAccounts(session)
        self.api_tokens: ApiTokenRepository = SqlApiTokens(session)
        self.sessions: UserSessionRepository = SqlUserSessions(session)
        self.ended_sessions: EndedSessionRepository = SqlEndedSessions(session)
        self.settings: SettingRepository = SqlSettings(session, sealing)
        self.idempotency: IdempotencyRepository = SqlIdempotency(session)
        self.pipelines: PipelineRepository = SqlPipelines(session, sealing)
        self.jobs: JobRepository = SqlJobs(session)
        self.resources: ResourceRepository = SqlResources(session)
        self.versions: VersionRepository = SqlVersions(session)
        self.builds: BuildRepository = SqlBuilds(session)
        self.announcements: AnnouncementRepository = SqlAnnouncements(session)
        self.logs: LogRepository = SqlLogs(session)
        self.workers: WorkerRepository = SqlWorkers(session)
        self.worker_tokens: WorkerTokenRepository = SqlWorkerTokens(session)
        self.artifacts: ArtifactRepository = SqlArtifacts(session)
        self.deletions: DeletionRepository = SqlDeletion(session)
        self.secrets: SecretRepository = SqlSecrets(session, sealing)
        self.audit: AuditRepository = SqlAudit(session)
        self.sealed: SealedRepository = SqlSealed(session, sealing, system)

    def history(self, pipeline_id: int) -> SqlHistory:
        """See `Store`. Ask for a new one for each resolution."""
        return SqlHistory(self.session, pipeline_id)

    def transaction(self, *, snapshot: bool = False) -> AbstractContextManager[None]:
        """See `Store`."""
        return self.session.transaction(snapshot=snapshot)

    def after_commit(self, action: Callable[[], None]) -> None:
        """See `Store`."""
        self.session.after_commit(action)

    def check_health(self) -> None:
        """See `Store`."""
        self.session.check_writable()

    def give_back_space(self) -> bool:
        """See `Store`."""
        return self.session.give_back_space()

    def migrate(self) -> list[str]:
        """See `Store`. Raises InvalidError when a newer program has migrated the database."""
        return self._migrations.apply()

    def pending_migrations(self) -> list[str]:
        """See `Store`. Raises InvalidError when a newer program has migrated the database."""
        return self._migrations.pending()

    def close(self) -> None:
        """See `Store`."""
        if self.relay is not None:
            self.relay.close()
        self.session.close()
