-- The audit log: who did what, on what, from where, and how it ended. It refers to no row, so that entries outlive
-- what they name.
CREATE TABLE "audit_entries" (
    "id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    "at" REAL NOT NULL,
    "actor" TEXT NOT NULL,
    "token" TEXT NOT NULL,
    "action" TEXT NOT NULL,
    "object" TEXT NOT NULL,
    "team" TEXT NOT NULL,
    "address" TEXT NOT NULL,
    "outcome" TEXT NOT NULL,
    "detail" TEXT NOT NULL,
    "count" INTEGER NOT NULL
);
CREATE INDEX audit_by_time ON audit_entries (at, id);
CREATE INDEX audit_of_team ON audit_entries (team, at, id);
CREATE INDEX audit_of_actor ON audit_entries (actor, at, id);
