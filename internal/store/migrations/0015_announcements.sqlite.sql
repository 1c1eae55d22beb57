-- The messages that say that a build has begun to wait for approval: who sends each, and how that ended.
CREATE TABLE "announcements" (
    "id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    "build_id" INTEGER NOT NULL,
    "label" TEXT NOT NULL,
    "step" TEXT NOT NULL,
    "notification" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "claim" INTEGER NOT NULL,
    "worker" TEXT,
    "instance" TEXT,
    "lease_expires_at" REAL,
    "dispatched_at" REAL,
    "finished_at" REAL,
    FOREIGN KEY ("build_id") REFERENCES "builds" ("id") ON DELETE CASCADE
);
CREATE UNIQUE INDEX announcements_of_build ON announcements (build_id, step);
CREATE INDEX announcements_open ON announcements (dispatched_at) WHERE status = 'pending';
