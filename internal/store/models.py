"""The schema, as peewee models: what the newest migration must amount to.

Models declare columns, once; they are bound to no database, since one process may open several stores. An attribute has
the name of the entity's field (see `table`), and the column too where nothing else is said.
"""

from __future__ import annotations

from peewee import SQL, BigIntegerField, BlobField, CompositeKey, DoubleField, Model

from pikoci.internal.domain.accounts import Role
from pikoci.internal.store.columns import Bytes, Choice, Flag, Id, Json, Name, ShownText, Tags, Text, owner


class Team(Model):
    """A team."""

    id = Id()
    name = Name("the team's name")

    class Meta:
        table_name = "teams"


class User(Model):
    """A person."""

    id = Id()
    name = Name("the user's name")
    password_hash = Name("the password hash")
    is_admin = Flag()
    must_change_password = Flag()
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
    """A pipeline without its text. One without team is being deleted: joining `teams` leaves it out."""

    id = Id()
    team = owner(Team, null=True)
    name = Name("the pipeline's name")
    paused = Flag()
    public = Flag()
    revision = BigIntegerField()
    created_at = DoubleField()
    updated_at = DoubleField()

    class Meta:
        table_name = "pipelines"


class PipelineSource(Model):
    """A pipeline's text, variables and evaluated form."""

    pipeline = owner(Pipeline, primary_key=True)
    config = Name("the pipeline file")
    variables = Json(dict[str, object])
    spec = Bytes()

    class Meta:
        table_name = "pipeline_sources"


class Job(Model):
    """A job; `last_number` is the number of its newest build."""

    id = Id()
    pipeline = owner(Pipeline)
    name = Name("a job's name")
    position = BigIntegerField()
    paused = Flag()
    archived = Flag()
    last_number = BigIntegerField(default=0)

    class Meta:
        table_name = "jobs"


class SchedulingRequest(Model):
    """A wish to look at a job. Rows are only added and deleted, so that asking never waits for a scheduler's locks."""

    id = Id()
    job = owner(Job)

    class Meta:
        table_name = "scheduling_requests"


class Resource(Model):
    """A resource and its check. `toggles` counts how often a version of it was enabled or disabled.

    `webhook_due_at` is when the last check that a webhook asked for was or will be due.
    """

    id = Id()
    pipeline = owner(Pipeline)
    type = Name("a resource's type")
    name = Name("a resource's name")
    check_interval = Text()
    next_check_at = DoubleField(null=True)
    check_dispatched_at = DoubleField(null=True)
    check_claim = BigIntegerField()
    check_worker = Text(null=True)
    check_instance = Text(null=True)
    check_lease_expires_at = DoubleField(null=True)
    last_checked_at = DoubleField(null=True)
    check_error = ShownText()
    pinned_version_id = BigIntegerField(null=True)
    webhook_token = Text()
    archived = Flag()
    tags = Tags()
    toggles = BigIntegerField(default=0, constraints=[SQL("DEFAULT 0")])
    webhook_due_at = DoubleField(null=True)

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
    version = Json(dict[str, object])
    disabled = Flag()
    created_at = DoubleField()
    check_order = BigIntegerField(null=True)
    found_order = BigIntegerField(null=True)
    metadata = Json(dict[str, str], null=True)

    class Meta:
        table_name = "versions"


class Secret(Model):
    """An entry of the server's own store: a team's, or one of its pipeline's. `value` is sealed, see `sealing`."""

    id = Id()
    team = owner(Team)
    pipeline = owner(Pipeline, null=True)
    name = Name("the secret's name")
    value = Text()
    set_by = ShownText()
    set_at = DoubleField()

    class Meta:
        table_name = "secrets"


class AuditEntry(Model):
    """A line of the audit log. It refers to no row, so that it outlives what it names."""

    id = Id()
    at = DoubleField()
    actor = ShownText()
    token = ShownText()
    action = Text()
    object = ShownText()
    team = ShownText()
    address = ShownText()
    outcome = Text()
    detail = Json(dict[str, str])
    count = BigIntegerField()

    class Meta:
        table_name = "audit_entries"


class Worker(Model):
    """A worker that registered."""

    name = Name("the worker's name", primary_key=True)
    instance = Name("the worker's instance")
    version = ShownText()
    state = ShownText()
    queues = Json(list[str])
    concurrency = BigIntegerField()
    tags = Json(list[str])
    registered_at = DoubleField()
    last_seen_at = DoubleField()
    cordoned = Flag()
    draining = Flag()
    team = Name("the team's name")
    token_id = Name("the token's id")
    place = Name("the worker's place", null=True)
    level = BigIntegerField(default=1, constraints=[SQL("DEFAULT 1")])

    class Meta:
        table_name = "workers"


class WorkerToken(Model):
    """A worker's token that was made, used or revoked here: its id, never the token. `team` is a name, or empty.

    `tags` is NULL where its worker may have any.
    """

    id = Name("the token's id", primary_key=True)
    team = Name("the team's name")
    created_by = ShownText()
    created_at = DoubleField()
    revoked_by = ShownText()
    revoked_at = DoubleField(null=True)
    tags = Json(list[str], null=True)

    class Meta:
        table_name = "worker_tokens"


class ApiToken(Model):
    """A token of a user, or where `user` is NULL of a team: its SHA-256 in hex, never the token."""

    id = Id()
    name = Name("the token's name")
    digest = Text()
    user = owner(User, null=True)
    team = owner(Team, null=True)
    pipeline = owner(Pipeline, null=True)
    role = Choice(Role)
    read_only = Flag()
    is_admin = Flag()
    created_by = ShownText()
    created_at = DoubleField()
    expires_at = DoubleField(null=True)
    last_used_at = DoubleField(null=True)
    last_used_from = ShownText()

    class Meta:
        table_name = "api_tokens"


class UserSession(Model):
    """A login, by the id of its token, kept until that has run out."""

    id = Name("the session's id", primary_key=True)
    user = owner(User)
    epoch = BigIntegerField()
    created_at = DoubleField()
    expires_at = DoubleField()
    last_used_at = DoubleField()
    address = ShownText()
    client = ShownText()

    class Meta:
        table_name = "sessions"


class EndedSession(Model):
    """A user's session that was ended, by its id, kept until its token has run out."""

    id = Text(primary_key=True)
    expires_at = DoubleField()

    class Meta:
        table_name = "ended_sessions"
