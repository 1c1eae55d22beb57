-- Which build sends a message about a version, by the message's digest: no other build sends the same.
CREATE TABLE "version_notices" (
    "version_id" BIGINT NOT NULL,
    "notice" TEXT NOT NULL COLLATE "C",
    "build_id" BIGINT NOT NULL,
    PRIMARY KEY ("version_id", "notice"),
    FOREIGN KEY ("version_id") REFERENCES "versions" ("id") ON DELETE CASCADE
);
