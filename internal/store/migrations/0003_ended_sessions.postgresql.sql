CREATE TABLE "ended_sessions" (
    "id" TEXT NOT NULL PRIMARY KEY COLLATE "C",
    "expires_at" DOUBLE PRECISION NOT NULL
);
