"""The schema of builds, as peewee models; see `models`."""

from __future__ import annotations

from peewee import BigIntegerField, BlobField, BooleanField, CompositeKey, DoubleField, Model

from pikoci.internal.store.columns import Id, Text, owner
from pikoci.internal.store.models import Job, Pipeline


class Build(Model):
    """A build. `worker_instance` is the process that claimed it; `log_deleted` tells that retention took its log."""

    id = Id()
    pipeline = owner(Pipeline)
    job = owner(Job)
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

    build = owner(Build)
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

    build = owner(Build)
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

    build = owner(Build)
    start = BigIntegerField()
    size = BigIntegerField()
    step = Text()
    claim = BigIntegerField()
    at = DoubleField()
    data = BlobField()

    class Meta:
        table_name = "log_chunks"
        primary_key = CompositeKey("build", "start")
