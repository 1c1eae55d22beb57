-- Where a worker's process runs, and the tags that a token's worker may have.
ALTER TABLE "workers" ADD COLUMN "place" TEXT COLLATE "C";
ALTER TABLE "worker_tokens" ADD COLUMN "tags" TEXT COLLATE "C";
