"""What the services ask of a database, one interface for each aggregate.

Methods that write must run inside `Store.transaction`. Reads may run anywhere. `lock` methods hold their rows until the
transaction ends; `take_*` methods leave out rows that another server holds, so that several servers share the work.
Everything may raise UnavailableError. Times are seconds since the epoch, UTC.
"""

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
from pikoci.internal.domain.repositories.store import Store

__all__ = [
    "AccountRepository",
    "AnnouncementRepository",
    "ApiTokenRepository",
    "ArtifactRepository",
    "AuditRepository",
    "BuildRepository",
    "DeletionRepository",
    "EndedSessionRepository",
    "IdempotencyRepository",
    "JobRepository",
    "LogRepository",
    "PipelineRepository",
    "ResourceRepository",
    "SealedRepository",
    "SecretRepository",
    "SettingRepository",
    "Store",
    "UserSessionRepository",
    "VersionRepository",
    "WorkerRepository",
    "WorkerTokenRepository",
]
