-- Lines of builds and their slots; why one waits is told when somebody asks.
CREATE INDEX builds_waiting ON builds (job_id, inputs_resolved, id) WHERE status = 'pending' AND dispatched_at IS NULL;
CREATE INDEX builds_with_slot ON builds (job_id, id) WHERE (status = 'started' OR (status = 'pending' AND dispatched_at IS NOT NULL));
UPDATE builds SET reason = '' WHERE status = 'pending' AND dispatched_at IS NULL AND inputs_resolved;
-- How often versions were enabled or disabled.
ALTER TABLE "resources" ADD COLUMN "toggles" INTEGER NOT NULL DEFAULT 0;
