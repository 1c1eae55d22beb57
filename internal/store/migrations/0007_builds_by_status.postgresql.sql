CREATE INDEX builds_active_of_pipeline ON builds (pipeline_id, status, id) WHERE status IN ('pending', 'waiting', 'started');
CREATE INDEX builds_finished_of_job ON builds (job_id, id) WHERE finished_at IS NOT NULL;
CREATE INDEX builds_finished_by_status ON builds (job_id, status, id) WHERE finished_at IS NOT NULL;
CREATE INDEX builds_finished_of_pipeline ON builds (pipeline_id, status, id) WHERE finished_at IS NOT NULL;
