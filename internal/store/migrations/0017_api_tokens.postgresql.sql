-- API tokens of users and, without user, of teams: what they open, and the SHA-256 of each.
CREATE TABLE "api_tokens" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "name" TEXT NOT NULL COLLATE "C",
    "digest" TEXT NOT NULL COLLATE "C",
    "user_id" BIGINT,
    "team_id" BIGINT,
    "pipeline_id" BIGINT,
    "role" TEXT NOT NULL COLLATE "C",
    "read_only" BOOLEAN NOT NULL,
    "is_admin" BOOLEAN NOT NULL,
    "created_by" TEXT NOT NULL COLLATE "C",
    "created_at" DOUBLE PRECISION NOT NULL,
    "expires_at" DOUBLE PRECISION,
    "last_used_at" DOUBLE PRECISION,
    "last_used_from" TEXT NOT NULL COLLATE "C",
    FOREIGN KEY ("user_id") REFERENCES "users" ("id") ON DELETE CASCADE,
    FOREIGN KEY ("team_id") REFERENCES "teams" ("id") ON DELETE CASCADE,
    FOREIGN KEY ("pipeline_id") REFERENCES "pipelines" ("id") ON DELETE CASCADE
);
CREATE UNIQUE INDEX api_tokens_by_digest ON api_tokens (digest);
CREATE UNIQUE INDEX api_tokens_of_user ON api_tokens (user_id, name) WHERE user_id IS NOT NULL;
CREATE UNIQUE INDEX api_tokens_of_team ON api_tokens (team_id, name) WHERE user_id IS NULL;
CREATE INDEX api_tokens_by_team ON api_tokens (team_id);
CREATE INDEX api_tokens_by_pipeline ON api_tokens (pipeline_id);
-- Logins, as people see them; those that were ended are in ended_sessions.
CREATE TABLE "sessions" (
    "id" TEXT NOT NULL PRIMARY KEY COLLATE "C",
    "user_id" BIGINT NOT NULL,
    "epoch" BIGINT NOT NULL,
    "created_at" DOUBLE PRECISION NOT NULL,
    "expires_at" DOUBLE PRECISION NOT NULL,
    "last_used_at" DOUBLE PRECISION NOT NULL,
    "address" TEXT NOT NULL COLLATE "C",
    "client" TEXT NOT NULL COLLATE "C",
    FOREIGN KEY ("user_id") REFERENCES "users" ("id") ON DELETE CASCADE
);
CREATE INDEX sessions_of_user ON sessions (user_id);
