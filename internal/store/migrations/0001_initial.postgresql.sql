CREATE TABLE "teams" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "name" TEXT NOT NULL COLLATE "C"
);
CREATE TABLE "users" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "name" TEXT NOT NULL COLLATE "C",
    "password_hash" TEXT NOT NULL COLLATE "C",
    "is_admin" BOOLEAN NOT NULL,
    "must_change_password" BOOLEAN NOT NULL,
    "session_epoch" BIGINT NOT NULL
);
CREATE TABLE "memberships" (
    "team_id" BIGINT NOT NULL,
    "user_id" BIGINT NOT NULL,
    "role" TEXT NOT NULL COLLATE "C",
    PRIMARY KEY ("team_id", "user_id"),
    FOREIGN KEY ("team_id") REFERENCES "teams" ("id") ON DELETE CASCADE,
    FOREIGN KEY ("user_id") REFERENCES "users" ("id") ON DELETE CASCADE
);
CREATE TABLE "settings" (
    "key" TEXT NOT NULL PRIMARY KEY COLLATE "C",
    "value" TEXT NOT NULL COLLATE "C"
);
CREATE TABLE "idempotency_keys" (
    "scope" TEXT NOT NULL COLLATE "C",
    "key" TEXT NOT NULL COLLATE "C",
    "fingerprint" TEXT NOT NULL COLLATE "C",
    "status" BIGINT NOT NULL,
    "body" BYTEA NOT NULL,
    "created_at" DOUBLE PRECISION NOT NULL,
    PRIMARY KEY ("scope", "key")
);
CREATE TABLE "pipelines" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "team_id" BIGINT NOT NULL,
    "name" TEXT NOT NULL COLLATE "C",
    "paused" BOOLEAN NOT NULL,
    "public" BOOLEAN NOT NULL,
    "revision" BIGINT NOT NULL,
    "created_at" DOUBLE PRECISION NOT NULL,
    "updated_at" DOUBLE PRECISION NOT NULL,
    FOREIGN KEY ("team_id") REFERENCES "teams" ("id") ON DELETE CASCADE
);
CREATE TABLE "pipeline_sources" (
    "pipeline_id" BIGINT NOT NULL PRIMARY KEY,
    "config" TEXT NOT NULL COLLATE "C",
    "variables" TEXT NOT NULL COLLATE "C",
    "spec" BYTEA NOT NULL,
    FOREIGN KEY ("pipeline_id") REFERENCES "pipelines" ("id") ON DELETE CASCADE
);
CREATE TABLE "jobs" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "pipeline_id" BIGINT NOT NULL,
    "name" TEXT NOT NULL COLLATE "C",
    "position" BIGINT NOT NULL,
    "paused" BOOLEAN NOT NULL,
    "archived" BOOLEAN NOT NULL,
    "last_number" BIGINT NOT NULL,
    FOREIGN KEY ("pipeline_id") REFERENCES "pipelines" ("id") ON DELETE CASCADE
);
CREATE TABLE "scheduling_requests" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "job_id" BIGINT NOT NULL,
    FOREIGN KEY ("job_id") REFERENCES "jobs" ("id") ON DELETE CASCADE
);
CREATE TABLE "resources" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "pipeline_id" BIGINT NOT NULL,
    "type" TEXT NOT NULL COLLATE "C",
    "name" TEXT NOT NULL COLLATE "C",
    "check_interval" TEXT NOT NULL COLLATE "C",
    "next_check_at" DOUBLE PRECISION,
    "check_dispatched_at" DOUBLE PRECISION,
    "check_claim" BIGINT NOT NULL,
    "check_worker" TEXT COLLATE "C",
    "check_instance" TEXT COLLATE "C",
    "check_lease_expires_at" DOUBLE PRECISION,
    "last_checked_at" DOUBLE PRECISION,
    "check_error" TEXT NOT NULL COLLATE "C",
    "pinned_version_id" BIGINT,
    "webhook_token" TEXT NOT NULL COLLATE "C",
    "archived" BOOLEAN NOT NULL,
    "tags" TEXT NOT NULL COLLATE "C",
    FOREIGN KEY ("pipeline_id") REFERENCES "pipelines" ("id") ON DELETE CASCADE
);
CREATE TABLE "versions" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "resource_id" BIGINT NOT NULL,
    "digest" BYTEA NOT NULL,
    "version" TEXT NOT NULL COLLATE "C",
    "disabled" BOOLEAN NOT NULL,
    "created_at" DOUBLE PRECISION NOT NULL,
    "check_order" BIGINT,
    "found_order" BIGINT,
    FOREIGN KEY ("resource_id") REFERENCES "resources" ("id") ON DELETE CASCADE
);
CREATE TABLE "builds" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "pipeline_id" BIGINT NOT NULL,
    "job_id" BIGINT NOT NULL,
    "number" BIGINT NOT NULL,
    "retry" BIGINT NOT NULL,
    "status" TEXT NOT NULL COLLATE "C",
    "reason" TEXT NOT NULL COLLATE "C",
    "created_by" TEXT NOT NULL COLLATE "C",
    "created_at" DOUBLE PRECISION NOT NULL,
    "dispatched_at" DOUBLE PRECISION,
    "started_at" DOUBLE PRECISION,
    "finished_at" DOUBLE PRECISION,
    "worker" TEXT COLLATE "C",
    "worker_instance" TEXT COLLATE "C",
    "claim" BIGINT NOT NULL,
    "lease_expires_at" DOUBLE PRECISION,
    "requeues" BIGINT NOT NULL,
    "cancel_requested_at" DOUBLE PRECISION,
    "cancel_reason" TEXT NOT NULL COLLATE "C",
    "inputs_resolved" BOOLEAN NOT NULL,
    "last_event" BIGINT NOT NULL,
    "log_size" BIGINT NOT NULL,
    "log_deleted" BOOLEAN NOT NULL,
    FOREIGN KEY ("pipeline_id") REFERENCES "pipelines" ("id") ON DELETE CASCADE,
    FOREIGN KEY ("job_id") REFERENCES "jobs" ("id") ON DELETE CASCADE
);
CREATE TABLE "build_versions" (
    "build_id" BIGINT NOT NULL,
    "is_output" BOOLEAN NOT NULL,
    "name" TEXT NOT NULL COLLATE "C",
    "version_id" BIGINT NOT NULL,
    "resource_id" BIGINT NOT NULL,
    "job_id" BIGINT NOT NULL,
    "number" BIGINT NOT NULL,
    "retry" BIGINT NOT NULL,
    "upstream" TEXT NOT NULL COLLATE "C",
    PRIMARY KEY ("build_id", "is_output", "name", "version_id"),
    FOREIGN KEY ("build_id") REFERENCES "builds" ("id") ON DELETE CASCADE
);
CREATE TABLE "build_steps" (
    "build_id" BIGINT NOT NULL,
    "claim" BIGINT NOT NULL,
    "step" TEXT NOT NULL COLLATE "C",
    "name" TEXT NOT NULL COLLATE "C",
    "kind" TEXT NOT NULL COLLATE "C",
    "status" TEXT NOT NULL COLLATE "C",
    "try_number" BIGINT NOT NULL,
    "exit_code" BIGINT,
    "reason" TEXT NOT NULL COLLATE "C",
    "started_at" DOUBLE PRECISION,
    "finished_at" DOUBLE PRECISION,
    PRIMARY KEY ("build_id", "claim", "step"),
    FOREIGN KEY ("build_id") REFERENCES "builds" ("id") ON DELETE CASCADE
);
CREATE TABLE "log_chunks" (
    "build_id" BIGINT NOT NULL,
    "start" BIGINT NOT NULL,
    "size" BIGINT NOT NULL,
    "step" TEXT NOT NULL COLLATE "C",
    "claim" BIGINT NOT NULL,
    "at" DOUBLE PRECISION NOT NULL,
    "data" BYTEA NOT NULL,
    PRIMARY KEY ("build_id", "start"),
    FOREIGN KEY ("build_id") REFERENCES "builds" ("id") ON DELETE CASCADE
);
CREATE TABLE "workers" (
    "name" TEXT NOT NULL PRIMARY KEY COLLATE "C",
    "instance" TEXT NOT NULL COLLATE "C",
    "version" TEXT NOT NULL COLLATE "C",
    "state" TEXT NOT NULL COLLATE "C",
    "queues" TEXT NOT NULL COLLATE "C",
    "concurrency" BIGINT NOT NULL,
    "tags" TEXT NOT NULL COLLATE "C",
    "registered_at" DOUBLE PRECISION NOT NULL,
    "last_seen_at" DOUBLE PRECISION NOT NULL,
    "cordoned" BOOLEAN NOT NULL,
    "draining" BOOLEAN NOT NULL,
    "team" TEXT NOT NULL COLLATE "C",
    "token_id" TEXT NOT NULL COLLATE "C"
);
CREATE TABLE "worker_tokens" (
    "id" TEXT NOT NULL PRIMARY KEY COLLATE "C",
    "team" TEXT NOT NULL COLLATE "C",
    "created_by" TEXT NOT NULL COLLATE "C",
    "created_at" DOUBLE PRECISION NOT NULL,
    "revoked_by" TEXT NOT NULL COLLATE "C",
    "revoked_at" DOUBLE PRECISION
);
CREATE TABLE "artifacts" (
    "digest" TEXT NOT NULL PRIMARY KEY COLLATE "C",
    "upload" TEXT NOT NULL COLLATE "C",
    "size" BIGINT NOT NULL,
    "created_at" DOUBLE PRECISION NOT NULL
);
CREATE TABLE "artifact_grants" (
    "digest" TEXT NOT NULL COLLATE "C",
    "pipeline_id" BIGINT NOT NULL,
    "named" BOOLEAN NOT NULL,
    "created_at" DOUBLE PRECISION NOT NULL,
    PRIMARY KEY ("digest", "pipeline_id"),
    FOREIGN KEY ("pipeline_id") REFERENCES "pipelines" ("id") ON DELETE CASCADE
);
CREATE TABLE "artifact_chunks" (
    "upload" TEXT NOT NULL COLLATE "C",
    "sequence" BIGINT NOT NULL,
    "created_at" DOUBLE PRECISION NOT NULL,
    "data" BYTEA NOT NULL,
    PRIMARY KEY ("upload", "sequence")
);
CREATE UNIQUE INDEX teams_by_name ON teams (name);
CREATE UNIQUE INDEX users_by_name ON users (name);
CREATE UNIQUE INDEX pipelines_by_name ON pipelines (team_id, name);
CREATE UNIQUE INDEX jobs_by_name ON jobs (pipeline_id, name);
CREATE UNIQUE INDEX resources_by_name ON resources (pipeline_id, type, name);
CREATE UNIQUE INDEX resources_by_token ON resources (webhook_token) WHERE webhook_token <> '';
CREATE UNIQUE INDEX versions_by_digest ON versions (resource_id, digest);
CREATE UNIQUE INDEX builds_by_number ON builds (job_id, number, retry);
CREATE INDEX memberships_by_user ON memberships (user_id);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);
CREATE INDEX scheduling_requests_by_job ON scheduling_requests (job_id);
CREATE INDEX resources_due ON resources (next_check_at) WHERE NOT archived AND check_dispatched_at IS NULL AND next_check_at IS NOT NULL;
CREATE INDEX resources_dispatched ON resources (check_dispatched_at) WHERE check_dispatched_at IS NOT NULL;
CREATE INDEX resources_leased ON resources (check_lease_expires_at) WHERE check_lease_expires_at IS NOT NULL;
CREATE INDEX versions_in_order ON versions (resource_id, check_order);
CREATE INDEX versions_found ON versions (resource_id, found_order);
CREATE INDEX versions_without_place ON versions (resource_id, id) WHERE check_order IS NULL;
CREATE INDEX builds_of_job ON builds (job_id, id);
CREATE INDEX builds_of_pipeline ON builds (pipeline_id, id);
CREATE INDEX builds_active ON builds (job_id, status, id) WHERE status IN ('pending', 'waiting', 'started');
CREATE INDEX builds_pending ON builds (dispatched_at) WHERE status = 'pending';
CREATE INDEX builds_started ON builds (lease_expires_at) WHERE status = 'started';
CREATE INDEX builds_of_worker ON builds (worker, id) WHERE status = 'started';
CREATE INDEX builds_ended_of_job ON builds (job_id, finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX builds_with_log ON builds (finished_at) WHERE finished_at IS NOT NULL AND NOT log_deleted;
CREATE INDEX build_versions_by_version ON build_versions (job_id, version_id, number, retry);
CREATE INDEX build_versions_by_resource ON build_versions (job_id, resource_id, number, retry);
CREATE INDEX build_versions_taken ON build_versions (job_id, name, version_id, number, retry) WHERE is_output = FALSE;
CREATE INDEX artifact_grants_by_pipeline ON artifact_grants (pipeline_id);
CREATE INDEX artifact_grants_unnamed ON artifact_grants (created_at) WHERE NOT named;
CREATE INDEX artifacts_by_upload ON artifacts (upload);
CREATE INDEX artifact_chunks_by_age ON artifact_chunks (created_at);
INSERT INTO teams (name) VALUES ('main');
