-- The messages that say that a build has begun to wait for approval: who sends each, and how that ended.
CREATE TABLE "announcements" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "build_id" BIGINT NOT NULL,
    "label" TEXT NOT NULL COLLATE "C",
    "step" TEXT NOT NULL COLLATE "C",
    "notification" TEXT NOT NULL COLLATE "C",
    "status" TEXT NOT NULL COLLATE "C",
    "reason" TEXT NOT NULL COLLATE "C",
    "claim" BIGINT NOT NULL,
    "worker" TEXT COLLATE "C",
    "instance" TEXT COLLATE "C",
    "lease_expires_at" DOUBLE PRECISION,
    "dispatched_at" DOUBLE PRECISION,
    "finished_at" DOUBLE PRECISION,
    FOREIGN KEY ("build_id") REFERENCES "builds" ("id") ON DELETE CASCADE
);
CREATE UNIQUE INDEX announcements_of_build ON announcements (build_id, step);
CREATE INDEX announcements_open ON announcements (dispatched_at) WHERE status = 'pending';
