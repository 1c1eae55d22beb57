-- The approvals that a build waits for, a JSON list; when the first of them comes too late; when it had all of them.
ALTER TABLE "builds" ADD COLUMN "gates" TEXT COLLATE "C";
ALTER TABLE "builds" ADD COLUMN "waits_until" DOUBLE PRECISION;
ALTER TABLE "builds" ADD COLUMN "approved_at" DOUBLE PRECISION;
CREATE TABLE "build_votes" (
    "build_id" BIGINT NOT NULL,
    "label" TEXT NOT NULL COLLATE "C",
    "voter" TEXT NOT NULL COLLATE "C",
    "approves" BOOLEAN NOT NULL,
    "reason" TEXT NOT NULL COLLATE "C",
    "at" DOUBLE PRECISION NOT NULL,
    PRIMARY KEY ("build_id", "label", "voter"),
    FOREIGN KEY ("build_id") REFERENCES "builds" ("id") ON DELETE CASCADE
);
CREATE INDEX builds_unapproved ON builds (waits_until) WHERE status = 'waiting';
