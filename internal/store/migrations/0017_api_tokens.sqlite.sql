-- API tokens of users and, without user, of teams: what they open, and the SHA-256 of each.
CREATE TABLE "api_tokens" (
    "id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    "name" TEXT NOT NULL,
    "digest" TEXT NOT NULL,
    "user_id" INTEGER,
    "team_id" INTEGER,
    "pipeline_id" INTEGER,
    "role" TEXT NOT NULL,
    "read_only" INTEGER NOT NULL,
    "is_admin" INTEGER NOT NULL,
    "created_by" TEXT NOT NULL,
    "created_at" REAL NOT NULL,
    "expires_at" REAL,
    "last_used_at" REAL,
    "last_used_from" TEXT NOT NULL,
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
    "id" TEXT NOT NULL PRIMARY KEY,
    "user_id" INTEGER NOT NULL,
    "epoch" INTEGER NOT NULL,
    "created_at" REAL NOT NULL,
    "expires_at" REAL NOT NULL,
    "last_used_at" REAL NOT NULL,
    "address" TEXT NOT NULL,
    "client" TEXT NOT NULL,
    FOREIGN KEY ("user_id") REFERENCES "users" ("id") ON DELETE CASCADE
);
CREATE INDEX sessions_of_user ON sessions (user_id);
