-- A job that is claimed, paused or handed back moves in an index of the live ones alone, which stays small however many
-- have ended.
DROP INDEX jobs_of_owner;
CREATE INDEX live_jobs_of_owner ON jobs (owner, state, id)
    WHERE state IN ('draft', 'submitted', 'queued', 'in_progress');
CREATE INDEX ended_jobs_of_owner ON jobs (owner, state, id)
    WHERE state IN ('completed', 'failed', 'cancelled', 'moderated');
