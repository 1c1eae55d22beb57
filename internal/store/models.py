"""The schema, as peewee models: what the newest migration must amount to.

Models declare tables; they are bound to no database, since one process may open several stores. Repositories read
tuples rather than model instances: a build's row is read thousands of times a second.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from peewee import (
    SQL,
    BigAutoField,
    BigIntegerField,
    BlobField,
    BooleanField,
    CompositeKey,
    Context,
    Database,
    DoubleField,
    ForeignKeyField,
    Model,
    NodeList,
    TextField,
)

from pikoci.internal.store import indexes


def _is_postgresql(ctx: Context) -> bool:
    return bool(ctx.state.for_update)


class Id(BigAutoField):
    """A key that is never given twice, also after its row was deleted: queue messages and claims outlive rows."""

    def ddl(self, ctx: Context) -> NodeList:
        """Add AUTOINCREMENT on SQLite, which would otherwise reuse the highest deleted key."""
        column = super().ddl(ctx)
        if not _is_postgresql(ctx):
            column.nodes += (SQL("AUTOINCREMENT"),)
        return column


class Text(TextField):
    """Text that sorts by code point on every database, so that lists and their cursors agree."""

    def ddl(self, ctx: Context) -> NodeList:
        """Add PostgreSQL's C collation; SQLite compares bytes anyway."""
        column = super().ddl(ctx)
        if _is_postgresql(ctx):
            column.nodes += (SQL('COLLATE "C"'),)
        return column


def _owner(model: type[Model], **options: Any) -> ForeignKeyField:
    return ForeignKeyField(model, on_delete="CASCADE", index=False, **options)


class Team(Model):
    """A team."""

    id = Id()
    name = Text()

    class Meta:
        table_name = "teams"


class User(Model):
    """A person."""

    id = Id()
    name = Text()
    password_hash = Text()
    is_admin = BooleanField()
    must_change_password = BooleanField()
    session_epoch = BigIntegerField()

    class Meta:
        table_name = "users"


class Membership(Model):
    """A person's role in a team."""

    team = _owner(Team)
    user = _owner(User)
    role = Text()

    class Meta:
        table_name = "memberships"
        primary_key = CompositeKey("team", "user")


class Setting(Model):
    """A value that the installation keeps for itself."""

    key = Text(primary_key=True)
    value = Text()

    class Meta:
        table_name = "settings"


class IdempotencyKey(Model):
    """The answer to a request that carried an Idempotency-Key."""

    scope = Text()
    key = Text()
    fingerprint = Text()
    status = BigIntegerField()
    body = BlobField()
    created_at = DoubleField()

    class Meta:
        table_name = "idempotency_keys"
        primary_key = CompositeKey("scope", "key")


class Pipeline(Model):
    """A pipeline without its text."""

    id = Id()
    team = _owner(Team)
    name = Text()
    paused = BooleanField()
    public = BooleanField()
    revision = BigIntegerField()
    created_at = DoubleField()
    updated_at = DoubleField()

    class Meta:
        table_name = "pipelines"


class PipelineSource(Model):
    """A pipeline's text, variables and evaluated form."""

    pipeline = _owner(Pipeline, primary_key=True)
    config = Text()
    variables = Text()
    spec = BlobField()

    class Meta:
        table_name = "pipeline_sources"


class Job(Model):
    """A job; `last_number` is the number of its newest build."""

    id = Id()
    pipeline = _owner(Pipeline)
    name = Text()
    position = BigIntegerField()
    paused = BooleanField()
    archived = BooleanField()
    last_number = BigIntegerField()

    class Meta:
        table_name = "jobs"


class SchedulingRequest(Model):
    """A wish to look at a job. Rows are only added and deleted, so that asking never waits for a scheduler's locks."""

    id = Id()
    job = _owner(Job)

    class Meta:
        table_name = "scheduling_requests"


class Resource(Model):
    """A resource and its check."""

    id = Id()
    pipeline = _owner(Pipeline)
    type = Text()
    name = Text()
    check_interval = Text()
    next_check_at = DoubleField(null=True)
    check_dispatched_at = DoubleField(null=True)
    check_claim = BigIntegerField()
    check_worker = Text(null=True)
    check_instance = Text(null=True)
    check_lease_expires_at = DoubleField(null=True)
    last_checked_at = DoubleField(null=True)
    check_error = Text()
    pinned_version_id = BigIntegerField(null=True)
    webhook_token = Text()
    archived = BooleanField()

    class Meta:
        table_name = "resources"


class Version(Model):
    """A version of a resource; `digest` is the SHA-256 of its canonical JSON. The id is the check order."""

    id = Id()
    resource = _owner(Resource)
    digest = BlobField()
    version = Text()
    disabled = BooleanField()
    created_at = DoubleField()

    class Meta:
        table_name = "versions"


class Build(Model):
    """A build. `worker_instance` is the process that claimed it; `log_deleted` tells that retention took its log."""

    id = Id()
    pipeline = _owner(Pipeline)
    job = _owner(Job)
    number = BigIntegerField()
    retry = BigIntegerField()
    status = Text()
    reason = Text()
    created_by = Text()
    created_at = DoubleField()
    dispatched_at = DoubleField(null=True)
    started_at = DoubleField(null=True)
    finished_at = DoubleField(null=True)
    worker = Text(null=True)
    worker_instance = Text(null=True)
    claim = BigIntegerField()
    lease_expires_at = DoubleField(null=True)
    requeues = BigIntegerField()
    cancel_requested_at = DoubleField(null=True)
    cancel_reason = Text()
    inputs_resolved = BooleanField()
    last_event = BigIntegerField()
    log_size = BigIntegerField()
    log_deleted = BooleanField()

    class Meta:
        table_name = "builds"


class BuildVersion(Model):
    """A version that a build took in or put out. Job, number and retry repeat the build's, for the indexes.

    `version_id` and `resource_id` are no foreign keys: both go away with the pipeline only, and so do builds.
    """

    build = _owner(Build)
    is_output = BooleanField()
    name = Text()
    version_id = BigIntegerField()
    resource_id = BigIntegerField()
    job_id = BigIntegerField()
    number = BigIntegerField()
    retry = BigIntegerField()
    upstream = Text()

    class Meta:
        table_name = "build_versions"
        primary_key = CompositeKey("build", "is_output", "name", "version_id")


class BuildStep(Model):
    """A step of one attempt of a build."""

    build = _owner(Build)
    claim = BigIntegerField()
    step = Text()
    name = Text()
    kind = Text()
    status = Text()
    try_number = BigIntegerField()
    exit_code = BigIntegerField(null=True)
    reason = Text()
    started_at = DoubleField(null=True)
    finished_at = DoubleField(null=True)

    class Meta:
        table_name = "build_steps"
        primary_key = CompositeKey("build", "claim", "step")


class LogChunk(Model):
    """A run of log bytes. `data` stands last, so that the rest can be read without it."""

    build = _owner(Build)
    start = BigIntegerField()
    size = BigIntegerField()
    step = Text()
    claim = BigIntegerField()
    at = DoubleField()
    data = BlobField()

    class Meta:
        table_name = "log_chunks"
        primary_key = CompositeKey("build", "start")


class Worker(Model):
    """A worker that registered; `queues` and `tags` are JSON lists."""

    name = Text(primary_key=True)
    instance = Text()
    version = Text()
    state = Text()
    queues = Text()
    concurrency = BigIntegerField()
    tags = Text()
    registered_at = DoubleField()
    last_seen_at = DoubleField()
    wanted = Text()

    class Meta:
        table_name = "workers"


class Artifact(Model):
    """A finished upload, under the SHA-256 of its bytes."""

    digest = Text(primary_key=True)
    upload = Text()
    size = BigIntegerField()
    created_at = DoubleField()

    class Meta:
        table_name = "artifacts"


class ArtifactGrant(Model):
    """A pipeline that may read an artifact; `named` once a version of it names the digest."""

    digest = Text()
    pipeline = _owner(Pipeline)
    named = BooleanField()
    created_at = DoubleField()

    class Meta:
        table_name = "artifact_grants"
        primary_key = CompositeKey("digest", "pipeline")


class ArtifactChunk(Model):
    """A piece of an upload."""

    upload = Text()
    sequence = BigIntegerField()
    created_at = DoubleField()
    data = BlobField()

    class Meta:
        table_name = "artifact_chunks"
        primary_key = CompositeKey("upload", "sequence")


#: Every model, referenced ones first.
MODELS: tuple[type[Model], ...] = (
    Team,
    User,
    Membership,
    Setting,
    IdempotencyKey,
    Pipeline,
    PipelineSource,
    Job,
    SchedulingRequest,
    Resource,
    Version,
    Build,
    BuildVersion,
    BuildStep,
    LogChunk,
    Worker,
    Artifact,
    ArtifactGrant,
    ArtifactChunk,
)


def create_schema(database: Database) -> None:
    """Create every table and index in an empty database, without migrations."""
    with database.bind_ctx(MODELS):
        database.create_tables(MODELS, safe=False)
        execute: Callable[[str], object] = database.execute_sql
        for statement in indexes.STATEMENTS:
            execute(statement)
