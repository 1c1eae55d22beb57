CREATE TABLE "ended_sessions" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "expires_at" REAL NOT NULL
);
