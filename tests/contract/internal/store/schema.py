"""The schema as the models declare it, and its indexes, which they cannot: what migrations must amount to."""

from collections.abc import Callable

from peewee import Database, Model

from pikoci.internal.store import artifact_models, build_models, models
from pikoci.internal.store.tables import ACTIVE, CHECKABLE, FINISHED, HAS_SLOT, IN_LINE, OPEN, WAITS

MODELS = [
    found
    for module in (models, build_models, artifact_models)
    for found in vars(module).values()
    if isinstance(found, type) and issubclass(found, Model) and found.__module__ == module.__name__
]
_UNIQUE = {
    "teams_by_name": "teams (name)",
    "users_by_name": "users (name)",
    "pipelines_by_name": "pipelines (team_id, name)",
    "jobs_by_name": "jobs (pipeline_id, name)",
    "resources_by_name": "resources (pipeline_id, type, name)",
    "resources_by_token": "resources (webhook_token) WHERE webhook_token <> ''",
    "versions_by_digest": "versions (resource_id, digest)",
    "builds_by_number": "builds (job_id, number, retry)",
    "secrets_of_team": "secrets (team_id, name) WHERE pipeline_id IS NULL",
    "secrets_of_pipeline": "secrets (pipeline_id, name) WHERE pipeline_id IS NOT NULL",
    "api_tokens_by_digest": "api_tokens (digest)",
    "api_tokens_of_user": "api_tokens (user_id, name) WHERE user_id IS NOT NULL",
    "api_tokens_of_team": "api_tokens (team_id, name) WHERE user_id IS NULL",
    "announcements_of_build": "announcements (build_id, step)",
    "builds_rung": "builds (rung_by, worker, worker_instance) WHERE status = 'started'",
}
_PLAIN = {
    "api_tokens_by_team": "api_tokens (team_id)",
    "api_tokens_by_pipeline": "api_tokens (pipeline_id)",
    "sessions_of_user": "sessions (user_id)",
    "secrets_by_team": "secrets (team_id)",
    "memberships_by_user": "memberships (user_id)",
    "idempotency_keys_by_age": "idempotency_keys (created_at)",
    "scheduling_requests_by_job": "scheduling_requests (job_id)",
    "resources_due": f"resources (next_check_at) WHERE {CHECKABLE}",
    "resources_dispatched": "resources (check_dispatched_at) WHERE check_dispatched_at IS NOT NULL",
    "resources_leased": "resources (check_lease_expires_at) WHERE check_lease_expires_at IS NOT NULL",
    "versions_in_order": "versions (resource_id, check_order)",
    "versions_found": "versions (resource_id, found_order)",
    "versions_without_place": "versions (resource_id, id) WHERE check_order IS NULL",
    "announcements_open": f"announcements (dispatched_at) WHERE {OPEN}",
    "builds_of_job": "builds (job_id, id)",
    "builds_of_pipeline": "builds (pipeline_id, id)",
    "builds_active": f"builds (job_id, status, id) WHERE {ACTIVE}",
    "builds_waiting": f"builds (job_id, inputs_resolved, id) WHERE {WAITS}",
    "builds_with_slot": f"builds (job_id, id) WHERE {HAS_SLOT}",
    "builds_active_of_pipeline": f"builds (pipeline_id, status, id) WHERE {ACTIVE}",
    "builds_finished_of_job": f"builds (job_id, id) WHERE {FINISHED}",
    "builds_finished_by_status": f"builds (job_id, status, id) WHERE {FINISHED}",
    "builds_finished_of_pipeline": f"builds (pipeline_id, status, id) WHERE {FINISHED}",
    "builds_pending": "builds (dispatched_at) WHERE status = 'pending'",
    "builds_in_line": f"builds (queue, pipeline_id, priority DESC, id) WHERE {IN_LINE}",
    "builds_started": "builds (lease_expires_at) WHERE status = 'started'",
    "builds_unapproved": "builds (waits_until) WHERE status = 'waiting'",
    "builds_of_worker": "builds (worker, id) WHERE status = 'started'",
    "builds_ended_of_job": "builds (job_id, finished_at) WHERE finished_at IS NOT NULL",
    "builds_with_log": "builds (finished_at) WHERE finished_at IS NOT NULL AND NOT log_deleted",
    "build_versions_by_version": "build_versions (job_id, version_id, number, retry)",
    "build_versions_by_resource": "build_versions (job_id, resource_id, number, retry)",
    "build_versions_taken": "build_versions (job_id, name, version_id, number, retry) WHERE is_output = FALSE",
    "artifact_grants_by_pipeline": "artifact_grants (pipeline_id)",
    "artifact_grants_unnamed": "artifact_grants (created_at) WHERE NOT named",
    "artifacts_by_upload": "artifacts (upload)",
    "artifact_chunks_by_age": "artifact_chunks (created_at)",
    "audit_by_time": "audit_entries (at, id)",
    "audit_of_team": "audit_entries (team, at, id)",
    "audit_of_actor": "audit_entries (actor, at, id)",
}


def create_schema(database: Database) -> None:
    """Create every table and index in an empty database."""
    with database.bind_ctx(MODELS):
        database.create_tables(MODELS, safe=False)
        execute: Callable[[str], object] = database.execute_sql
        for kind, indexes in (("UNIQUE INDEX", _UNIQUE), ("INDEX", _PLAIN)):
            for name, columns in indexes.items():
                execute(f"CREATE {kind} {name} ON {columns}")
