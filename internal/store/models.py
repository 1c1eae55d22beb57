"""The schema, as peewee models: what the newest migration must amount to.

Models declare tables; they are bound to no database, since one process may open several stores. Repositories read
tuples rather than model instances: a build's row is read thousands of times a second.
"""

from __future__ import annotations

from peewee import BigIntegerField, BlobField, BooleanField, CompositeKey, DoubleField, Model

from pikoci.internal.store.columns import Id, Text, owner


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

    team = owner(Team)
    user = owner(User)
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
    team = owner(Team)
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

    pipeline = owner(Pipeline, primary_key=True)
    config = Text()
    variables = Text()
    spec = BlobField()

    class Meta:
        table_name = "pipeline_sources"


class Job(Model):
    """A job; `last_number` is the number of its newest build."""

    id = Id()
    pipeline = owner(Pipeline)
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
    job = owner(Job)

    class Meta:
        table_name = "scheduling_requests"


class Resource(Model):
    """A resource and its check; `tags` are joined by `+`."""

    id = Id()
    pipeline = owner(Pipeline)
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
    tags = Text()

    class Meta:
        table_name = "resources"


class Version(Model):
    """A version of a resource; `digest` is the SHA-256 of its canonical JSON.

    Both orders count per resource and are NULL until a check lists the version: `found_order` is for ever,
    `check_order` grows again when a check lists the version last. The greatest check order is the newest version's.
    """

    id = Id()
    resource = owner(Resource)
    digest = BlobField()
    version = Text()
    disabled = BooleanField()
    created_at = DoubleField()
    check_order = BigIntegerField(null=True)
    found_order = BigIntegerField(null=True)

    class Meta:
        table_name = "versions"


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
    cordoned = BooleanField()
    draining = BooleanField()
    team = Text()
    token_id = Text()
    place = Text(null=True)

    class Meta:
        table_name = "workers"


class WorkerToken(Model):
    """A worker's token that was made, used or revoked here: its id, never the token. `team` is a name, or empty.

    `tags` is a JSON list, or NULL where its worker may have any.
    """

    id = Text(primary_key=True)
    team = Text()
    created_by = Text()
    created_at = DoubleField()
    revoked_by = Text()
    revoked_at = DoubleField(null=True)
    tags = Text(null=True)

    class Meta:
        table_name = "worker_tokens"


class EndedSession(Model):
    """A user's session that was ended, by its id, kept until its token has run out."""

    id = Text(primary_key=True)
    expires_at = DoubleField()

    class Meta:
        table_name = "ended_sessions"


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
    pipeline = owner(Pipeline)
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
