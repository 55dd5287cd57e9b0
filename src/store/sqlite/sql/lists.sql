-- Pages of jobs, and figures over all of them.

-- The states of each are those of its index (migration 0011).
-- name: job_ids_in_live_state
SELECT id FROM jobs
 WHERE owner = ? AND state = ? AND (state = 'draft' OR state = 'submitted' OR state = 'queued' OR state = 'in_progress')
   AND id < ? AND deleted_at IS NULL ORDER BY id DESC LIMIT ?;
-- name: job_ids_in_ended_state
SELECT id FROM jobs
 WHERE owner = ? AND state = ? AND (state = 'completed' OR state = 'failed' OR state = 'cancelled' OR state = 'moderated')
   AND id < ? AND deleted_at IS NULL ORDER BY id DESC LIMIT ?;
-- name: job_ids_of_project
SELECT id FROM jobs WHERE project = ? ORDER BY id DESC;
-- name: counts_of_owner
SELECT state, count FROM job_counts WHERE owner = ?;
-- name: counts
SELECT state, sum(count) FROM job_counts GROUP BY state;
-- name: ready_counts
SELECT provider, pipeline_version, count(*) FROM jobs WHERE place = 'ready' GROUP BY provider, pipeline_version;
-- name: suspect_count
SELECT count(*) FROM jobs WHERE place = 'suspect';
-- name: delayed_count
SELECT count(*) FROM jobs WHERE place = 'delayed';
-- name: oldest_queued
SELECT min(queued_at) FROM jobs WHERE state = 'queued';

-- name: named_files
SELECT path FROM files UNION SELECT path FROM job_sources UNION SELECT path FROM outputs ORDER BY 1;
