-- The audit log: who did what, on what, from where, and how it ended. It refers to no row, so that entries outlive
-- what they name.
CREATE TABLE "audit_entries" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "at" DOUBLE PRECISION NOT NULL,
    "actor" TEXT NOT NULL COLLATE "C",
    "token" TEXT NOT NULL COLLATE "C",
    "action" TEXT NOT NULL COLLATE "C",
    "object" TEXT NOT NULL COLLATE "C",
    "team" TEXT NOT NULL COLLATE "C",
    "address" TEXT NOT NULL COLLATE "C",
    "outcome" TEXT NOT NULL COLLATE "C",
    "detail" TEXT NOT NULL COLLATE "C",
    "count" BIGINT NOT NULL
);
CREATE INDEX audit_by_time ON audit_entries (at, id);
CREATE INDEX audit_of_team ON audit_entries (team, at, id);
CREATE INDEX audit_of_actor ON audit_entries (actor, at, id);
