-- The line that a dispatched build waits in, its place there, and the message that it was claimed by.
ALTER TABLE "builds" ADD COLUMN "queue" TEXT NOT NULL DEFAULT 'jobs';
ALTER TABLE "builds" ADD COLUMN "priority" INTEGER NOT NULL DEFAULT 0;
ALTER TABLE "builds" ADD COLUMN "rung_by" INTEGER;
CREATE INDEX builds_in_line ON builds (queue, pipeline_id, priority DESC, id) WHERE status = 'pending' AND dispatched_at IS NOT NULL;
CREATE UNIQUE INDEX builds_rung ON builds (rung_by, worker, worker_instance) WHERE status = 'started';
