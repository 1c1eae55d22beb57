CREATE TABLE "teams" (
    "id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    "name" TEXT NOT NULL
);
CREATE TABLE "users" (
    "id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    "name" TEXT NOT NULL,
    "password_hash" TEXT NOT NULL,
    "is_admin" INTEGER NOT NULL,
    "must_change_password" INTEGER NOT NULL,
    "session_epoch" INTEGER NOT NULL
);
CREATE TABLE "memberships" (
    "team_id" INTEGER NOT NULL,
    "user_id" INTEGER NOT NULL,
    "role" TEXT NOT NULL,
    PRIMARY KEY ("team_id", "user_id"),
    FOREIGN KEY ("team_id") REFERENCES "teams" ("id") ON DELETE CASCADE,
    FOREIGN KEY ("user_id") REFERENCES "users" ("id") ON DELETE CASCADE
);
CREATE TABLE "settings" (
    "key" TEXT NOT NULL PRIMARY KEY,
    "value" TEXT NOT NULL
);
CREATE TABLE "idempotency_keys" (
    "scope" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "fingerprint" TEXT NOT NULL,
    "status" INTEGER NOT NULL,
    "body" BLOB NOT NULL,
    "created_at" REAL NOT NULL,
    PRIMARY KEY ("scope", "key")
);
CREATE TABLE "pipelines" (
    "id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    "team_id" INTEGER NOT NULL,
    "name" TEXT NOT NULL,
    "paused" INTEGER NOT NULL,
    "public" INTEGER NOT NULL,
    "revision" INTEGER NOT NULL,
    "created_at" REAL NOT NULL,
    "updated_at" REAL NOT NULL,
    FOREIGN KEY ("team_id") REFERENCES "teams" ("id") ON DELETE CASCADE
);
CREATE TABLE "pipeline_sources" (
    "pipeline_id" INTEGER NOT NULL PRIMARY KEY,
    "config" TEXT NOT NULL,
    "variables" TEXT NOT NULL,
    "spec" BLOB NOT NULL,
    FOREIGN KEY ("pipeline_id") REFERENCES "pipelines" ("id") ON DELETE CASCADE
);
CREATE TABLE "jobs" (
    "id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    "pipeline_id" INTEGER NOT NULL,
    "name" TEXT NOT NULL,
    "position" INTEGER NOT NULL,
    "paused" INTEGER NOT NULL,
    "archived" INTEGER NOT NULL,
    "last_number" INTEGER NOT NULL,
    FOREIGN KEY ("pipeline_id") REFERENCES "pipelines" ("id") ON DELETE CASCADE
);
CREATE TABLE "scheduling_requests" (
    "id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    "job_id" INTEGER NOT NULL,
    FOREIGN KEY ("job_id") REFERENCES "jobs" ("id") ON DELETE CASCADE
);
CREATE TABLE "resources" (
    "id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    "pipeline_id" INTEGER NOT NULL,
    "type" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "check_interval" TEXT NOT NULL,
    "next_check_at" REAL,
    "check_dispatched_at" REAL,
    "check_claim" INTEGER NOT NULL,
    "check_worker" TEXT,
    "check_instance" TEXT,
    "check_lease_expires_at" REAL,
    "last_checked_at" REAL,
    "check_error" TEXT NOT NULL,
    "pinned_version_id" INTEGER,
    "webhook_token" TEXT NOT NULL,
    "archived" INTEGER NOT NULL,
    "tags" TEXT NOT NULL,
    FOREIGN KEY ("pipeline_id") REFERENCES "pipelines" ("id") ON DELETE CASCADE
);
CREATE TABLE "versions" (
    "id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    "resource_id" INTEGER NOT NULL,
    "digest" BLOB NOT NULL,
    "version" TEXT NOT NULL,
    "disabled" INTEGER NOT NULL,
    "created_at" REAL NOT NULL,
    "check_order" INTEGER,
    "found_order" INTEGER,
    FOREIGN KEY ("resource_id") REFERENCES "resources" ("id") ON DELETE CASCADE
);
CREATE TABLE "builds" (
    "id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    "pipeline_id" INTEGER NOT NULL,
    "job_id" INTEGER NOT NULL,
    "number" INTEGER NOT NULL,
    "retry" INTEGER NOT NULL,
    "status" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "created_by" TEXT NOT NULL,
    "created_at" REAL NOT NULL,
    "dispatched_at" REAL,
    "started_at" REAL,
    "finished_at" REAL,
    "worker" TEXT,
    "worker_instance" TEXT,
    "claim" INTEGER NOT NULL,
    "lease_expires_at" REAL,
    "requeues" INTEGER NOT NULL,
    "cancel_requested_at" REAL,
    "cancel_reason" TEXT NOT NULL,
    "inputs_resolved" INTEGER NOT NULL,
    "last_event" INTEGER NOT NULL,
    "log_size" INTEGER NOT NULL,
    "log_deleted" INTEGER NOT NULL,
    FOREIGN KEY ("pipeline_id") REFERENCES "pipelines" ("id") ON DELETE CASCADE,
    FOREIGN KEY ("job_id") REFERENCES "jobs" ("id") ON DELETE CASCADE
);
CREATE TABLE "build_versions" (
    "build_id" INTEGER NOT NULL,
    "is_output" INTEGER NOT NULL,
    "name" TEXT NOT NULL,
    "version_id" INTEGER NOT NULL,
    "resource_id" INTEGER NOT NULL,
    "job_id" INTEGER NOT NULL,
    "number" INTEGER NOT NULL,
    "retry" INTEGER NOT NULL,
    "upstream" TEXT NOT NULL,
    PRIMARY KEY ("build_id", "is_output", "name", "version_id"),
    FOREIGN KEY ("build_id") REFERENCES "builds" ("id") ON DELETE CASCADE
);
CREATE TABLE "build_steps" (
    "build_id" INTEGER NOT NULL,
    "claim" INTEGER NOT NULL,
    "step" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "try_number" INTEGER NOT NULL,
    "exit_code" INTEGER,
    "reason" TEXT NOT NULL,
    "started_at" REAL,
    "finished_at" REAL,
    PRIMARY KEY ("build_id", "claim", "step"),
    FOREIGN KEY ("build_id") REFERENCES "builds" ("id") ON DELETE CASCADE
);
CREATE TABLE "log_chunks" (
    "build_id" INTEGER NOT NULL,
    "start" INTEGER NOT NULL,
    "size" INTEGER NOT NULL,
    "step" TEXT NOT NULL,
    "claim" INTEGER NOT NULL,
    "at" REAL NOT NULL,
    "data" BLOB NOT NULL,
    PRIMARY KEY ("build_id", "start"),
    FOREIGN KEY ("build_id") REFERENCES "builds" ("id") ON DELETE CASCADE
);
CREATE TABLE "workers" (
    "name" TEXT NOT NULL PRIMARY KEY,
    "instance" TEXT NOT NULL,
    "version" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "queues" TEXT NOT NULL,
    "concurrency" INTEGER NOT NULL,
    "tags" TEXT NOT NULL,
    "registered_at" REAL NOT NULL,
    "last_seen_at" REAL NOT NULL,
    "cordoned" INTEGER NOT NULL,
    "draining" INTEGER NOT NULL,
    "team" TEXT NOT NULL,
    "token_id" TEXT NOT NULL
);
CREATE TABLE "worker_tokens" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "team" TEXT NOT NULL,
    "created_by" TEXT NOT NULL,
    "created_at" REAL NOT NULL,
    "revoked_by" TEXT NOT NULL,
    "revoked_at" REAL
);
CREATE TABLE "artifacts" (
    "digest" TEXT NOT NULL PRIMARY KEY,
    "upload" TEXT NOT NULL,
    "size" INTEGER NOT NULL,
    "created_at" REAL NOT NULL
);
CREATE TABLE "artifact_grants" (
    "digest" TEXT NOT NULL,
    "pipeline_id" INTEGER NOT NULL,
    "named" INTEGER NOT NULL,
    "created_at" REAL NOT NULL,
    PRIMARY KEY ("digest", "pipeline_id"),
    FOREIGN KEY ("pipeline_id") REFERENCES "pipelines" ("id") ON DELETE CASCADE
);
CREATE TABLE "artifact_chunks" (
    "upload" TEXT NOT NULL,
    "sequence" INTEGER NOT NULL,
    "created_at" REAL NOT NULL,
    "data" BLOB NOT NULL,
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
