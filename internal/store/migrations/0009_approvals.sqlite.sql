-- The approvals that a build waits for, a JSON list; when the first of them comes too late; when it had all of them.
ALTER TABLE "builds" ADD COLUMN "gates" TEXT;
ALTER TABLE "builds" ADD COLUMN "waits_until" REAL;
ALTER TABLE "builds" ADD COLUMN "approved_at" REAL;
CREATE TABLE "build_votes" (
    "build_id" INTEGER NOT NULL,
    "label" TEXT NOT NULL,
    "voter" TEXT NOT NULL,
    "approves" INTEGER NOT NULL,
    "reason" TEXT NOT NULL,
    "at" REAL NOT NULL,
    PRIMARY KEY ("build_id", "label", "voter"),
    FOREIGN KEY ("build_id") REFERENCES "builds" ("id") ON DELETE CASCADE
);
CREATE INDEX builds_unapproved ON builds (waits_until) WHERE status = 'waiting';
