-- (With OR: an IN is made anew as a table for each row that is written.)
-- A job that is claimed, paused or handed back moves in an index of the live ones alone, which stays small however many
-- have ended.
DROP INDEX jobs_of_owner;
CREATE INDEX live_jobs_of_owner ON jobs (owner, state, id)
    WHERE (state = 'draft' OR state = 'submitted' OR state = 'queued' OR state = 'in_progress');
CREATE INDEX ended_jobs_of_owner ON jobs (owner, state, id)
    WHERE (state = 'completed' OR state = 'failed' OR state = 'cancelled' OR state = 'moderated');
