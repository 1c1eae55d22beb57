"""The schema of builds, as peewee models; see `models`."""

from __future__ import annotations

from peewee import SQL, BigIntegerField, CompositeKey, DoubleField, Model

from pikoci.internal.domain.announcement import AnnouncementStatus
from pikoci.internal.domain.approval import Gate
from pikoci.internal.domain.build import BuildStatus, StepStatus
from pikoci.internal.domain.job_inputs import Value
from pikoci.internal.domain.queues import JOBS_QUEUE
from pikoci.internal.store.columns import Bytes, Choice, Flag, Id, Json, Name, ShownText, Text, owner
from pikoci.internal.store.models import Job, Pipeline, Version


class Build(Model):
    """A build. `worker_instance` is the process that claimed it; `log_deleted` tells that retention took its log.

    `rung_by` is the build whose message the claim was answered with this one for, and `secret_names` are the entries of
    the server's own store that the plan of its claim names.
    """

    id = Id()
    pipeline = owner(Pipeline)
    job = owner(Job)
    number = BigIntegerField()
    retry = BigIntegerField()
    status = Choice(BuildStatus)
    reason = ShownText()
    created_by = ShownText()
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
    cancel_reason = ShownText()
    inputs_resolved = Flag()
    last_event = BigIntegerField()
    log_size = BigIntegerField()
    log_deleted = Flag(default=False)
    queue = Text(default=JOBS_QUEUE, constraints=[SQL(f"DEFAULT '{JOBS_QUEUE}'")])
    priority = BigIntegerField(default=0, constraints=[SQL("DEFAULT 0")])
    rung_by = BigIntegerField(null=True)
    values = Json(dict[str, Value], column_name="input_values", null=True)
    gates = Json(list[Gate], null=True)
    waits_until = DoubleField(null=True)
    approved_at = DoubleField(null=True)
    secret_names = Json(list[str], null=True)
    level = BigIntegerField(default=1, constraints=[SQL("DEFAULT 1")])

    class Meta:
        table_name = "builds"


class BuildVersion(Model):
    """A version that a build took in or put out. Job, number and retry repeat the build's, for the indexes.

    `version_id` and `resource_id` are no foreign keys: both go away with the pipeline only, and so do builds.
    """

    build = owner(Build)
    is_output = Flag()
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


class VersionNotice(Model):
    """Which build sends a message, by its digest, about a version. Builds go away before versions do, hence no key."""

    version = owner(Version)
    notice = Text()
    build_id = BigIntegerField()

    class Meta:
        table_name = "version_notices"
        primary_key = CompositeKey("version", "notice")


class BuildVote(Model):
    """What a person, by name, says of a build that waits for approval."""

    build = owner(Build)
    label = Name("the label")
    voter = Name("the voter's name")
    approves = Flag()
    reason = ShownText()
    at = DoubleField()

    class Meta:
        table_name = "build_votes"
        primary_key = CompositeKey("build", "label", "voter")


class Announcement(Model):
    """A message that says that a build has begun to wait for approval."""

    id = Id()
    build = owner(Build)
    label = Name("the label")
    step = Name("the step's id")
    notification = Name("the notification")
    status = Choice(AnnouncementStatus)
    reason = ShownText()
    claim = BigIntegerField()
    worker = Text(null=True)
    instance = Text(null=True)
    lease_expires_at = DoubleField(null=True)
    dispatched_at = DoubleField(null=True)
    finished_at = DoubleField(null=True)

    class Meta:
        table_name = "announcements"


class BuildStep(Model):
    """A step of one attempt of a build."""

    build = owner(Build)
    claim = BigIntegerField()
    id = Name("the step's id", column_name="step")
    name = ShownText()
    kind = ShownText()
    status = Choice(StepStatus)
    try_number = BigIntegerField()
    exit_code = BigIntegerField(null=True)
    reason = ShownText()
    started_at = DoubleField(null=True)
    finished_at = DoubleField(null=True)

    class Meta:
        table_name = "build_steps"
        primary_key = CompositeKey("build", "claim", "id")


class LogChunk(Model):
    """A run of log bytes, `size` of them; `encoding` says how `data` stands for them (see `log_data`).

    `data` stands behind the rest, so that SQLite reads that without it.
    """

    build = owner(Build)
    offset = BigIntegerField(column_name="start")
    size = BigIntegerField()
    step = ShownText()
    claim = BigIntegerField()
    at = DoubleField()
    data = Bytes()
    encoding = Text(null=True)

    class Meta:
        table_name = "log_chunks"
        primary_key = CompositeKey("build", "offset")
