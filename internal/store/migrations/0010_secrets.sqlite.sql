-- The server's own store of secrets: entries of teams, and of pipelines. The values are encrypted.
CREATE TABLE "secrets" (
    "id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    "team_id" INTEGER NOT NULL,
    "pipeline_id" INTEGER,
    "name" TEXT NOT NULL,
    "value" TEXT NOT NULL,
    "set_by" TEXT NOT NULL,
    "set_at" REAL NOT NULL,
    FOREIGN KEY ("team_id") REFERENCES "teams" ("id") ON DELETE CASCADE,
    FOREIGN KEY ("pipeline_id") REFERENCES "pipelines" ("id") ON DELETE CASCADE
);
CREATE INDEX secrets_by_team ON secrets (team_id);
CREATE UNIQUE INDEX secrets_of_team ON secrets (team_id, name) WHERE pipeline_id IS NULL;
CREATE UNIQUE INDEX secrets_of_pipeline ON secrets (pipeline_id, name) WHERE pipeline_id IS NOT NULL;
-- The entries that the plan of a claimed build names: a JSON array, NULL where it names none.
ALTER TABLE "builds" ADD COLUMN "secret_names" TEXT;
