-- The server's own store of secrets: entries of teams, and of pipelines. The values are encrypted.
CREATE TABLE "secrets" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "team_id" BIGINT NOT NULL,
    "pipeline_id" BIGINT,
    "name" TEXT NOT NULL COLLATE "C",
    "value" TEXT NOT NULL COLLATE "C",
    "set_by" TEXT NOT NULL COLLATE "C",
    "set_at" DOUBLE PRECISION NOT NULL,
    FOREIGN KEY ("team_id") REFERENCES "teams" ("id") ON DELETE CASCADE,
    FOREIGN KEY ("pipeline_id") REFERENCES "pipelines" ("id") ON DELETE CASCADE
);
CREATE INDEX secrets_by_team ON secrets (team_id);
CREATE UNIQUE INDEX secrets_of_team ON secrets (team_id, name) WHERE pipeline_id IS NULL;
CREATE UNIQUE INDEX secrets_of_pipeline ON secrets (pipeline_id, name) WHERE pipeline_id IS NOT NULL;
-- The entries that the plan of a claimed build names: a JSON array, NULL where it names none.
ALTER TABLE "builds" ADD COLUMN "secret_names" TEXT COLLATE "C";
