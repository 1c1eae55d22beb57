-- Which plans a worker can run, and what a build asks of its worker: 1 for all of before.
ALTER TABLE "builds" ADD COLUMN "level" BIGINT NOT NULL DEFAULT 1;
ALTER TABLE "workers" ADD COLUMN "level" BIGINT NOT NULL DEFAULT 1;
