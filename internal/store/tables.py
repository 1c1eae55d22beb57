"""The tables whose rows are entities of the domain. What changes with a row and what does not is said here."""

from __future__ import annotations

from pikoci.internal.domain import accounts, announcement, approval, audit, build, pipeline, secret_entries
from pikoci.internal.store import build_models, models
from pikoci.internal.store.table import Table

#: A build that has not ended. A partial index serves a query only if the query repeats its condition word for word.
ACTIVE = "status IN ('pending', 'waiting', 'started')"
#: A build that was given out and that no worker has taken; word for word, as well.
IN_LINE = "status = 'pending' AND dispatched_at IS NOT NULL"
#: A build that waits to be given out, and one that has a slot: it was given out, or runs; word for word, as well.
WAITS = "status = 'pending' AND dispatched_at IS NULL"
HAS_SLOT = "(status = 'started' OR (status = 'pending' AND dispatched_at IS NOT NULL))"
#: An announcement that is still to be sent; word for word, as well.
OPEN = "status = 'pending'"
#: A build that has ended; word for word, as well.
FINISHED = "finished_at IS NOT NULL"
#: A build whose versions have passed its job.
PASSED_STATUS = f"status IN ({', '.join(repr(status.value) for status in sorted(build.PASSING))})"
#: A resource whose check is neither dispatched nor out of use; word for word, as well.
CHECKABLE = "NOT archived AND check_dispatched_at IS NULL AND next_check_at IS NOT NULL"

TEAMS = Table(models.Team, accounts.Team)
USERS = Table(models.User, accounts.User)
API_TOKENS = Table(
    models.ApiToken,
    accounts.ApiToken,
    computed={
        "user": "COALESCE((SELECT users.name FROM users WHERE users.id = api_tokens.user_id), '')",
        "team": "COALESCE((SELECT teams.name FROM teams WHERE teams.id = api_tokens.team_id), '')",
        # A pipeline that is being deleted has lost its team, and its name may be another's.
        "pipeline": (
            "COALESCE((SELECT pipelines.name FROM pipelines JOIN teams ON teams.id = pipelines.team_id"
            " WHERE pipelines.id = api_tokens.pipeline_id AND teams.id = api_tokens.team_id), '')"
        ),
    },
)
SESSIONS = Table(models.UserSession, accounts.UserSession)
PIPELINES = Table(models.Pipeline, pipeline.Pipeline, computed={"team": "teams.name"})
SOURCES = Table(models.PipelineSource, pipeline.PipelineSource)
JOBS = Table(models.Job, pipeline.Job)
RESOURCES = Table(models.Resource, pipeline.ResourceState)
VERSIONS = Table(models.Version, pipeline.Version)
BUILDS = Table(
    build_models.Build,
    build.Build,
    computed={"job": "(SELECT jobs.name FROM jobs WHERE jobs.id = builds.job_id)"},
    fixed="pipeline_id job_id number retry created_by created_at values",
)
VOTES = Table(build_models.BuildVote, approval.Vote, fixed="build_id label voter")
_OF_BUILD = "(SELECT builds.{} FROM builds WHERE builds.id = announcements.build_id)"
ANNOUNCEMENTS = Table(
    build_models.Announcement,
    announcement.Announcement,
    computed={
        "pipeline_id": _OF_BUILD.format("pipeline_id"),
        "job": f"(SELECT jobs.name FROM jobs WHERE jobs.id = {_OF_BUILD.format('job_id')})",
    },
)
STEPS = Table(build_models.BuildStep, build.Step, fixed="build_id claim id")
LOG_CHUNKS = Table(build_models.LogChunk, build.LogChunk)
WORKERS = Table(models.Worker, pipeline.WorkerState, fixed="name cordoned draining")
WORKER_TOKENS = Table(models.WorkerToken, pipeline.WorkerToken)
SECRETS = Table(models.Secret, secret_entries.SecretEntry)
AUDIT = Table(models.AuditEntry, audit.AuditEntry)
