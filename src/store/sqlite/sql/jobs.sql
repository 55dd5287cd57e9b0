-- A job's row, its settings, its sources, its events and its owner's counters.

-- name: job
SELECT id, owner, project, state, stage, run, lease, worker, has_begun, progress, words_done, words_planned, prompt_tokens,
       completion_tokens, title, is_byok, is_starred, provider, reasoning_model, writing_model, function_model,
       pipeline_version, problem_code, problem_message, created_at, updated_at, started_at, finished_at, not_before,
       last_event, rescues, place, start_tag, queued_at, lease_expires, hangs, deleted_at
  FROM jobs WHERE id = ?;

-- name: job_of_owner
SELECT id, owner, project, state, stage, run, lease, worker, has_begun, progress, words_done, words_planned, prompt_tokens,
       completion_tokens, title, is_byok, is_starred, provider, reasoning_model, writing_model, function_model,
       pipeline_version, problem_code, problem_message, created_at, updated_at, started_at, finished_at, not_before,
       last_event, rescues
  FROM jobs WHERE id = ? AND owner = ? AND deleted_at IS NULL;

-- What can be read of any row, and what takes one that can't be read out of the way.
-- name: bare_job
SELECT owner, state, state = 'in_progress' OR coalesce(place, '') IN ('ready', 'suspect') FROM jobs WHERE id = ?;
-- name: fail_unreadable
UPDATE jobs
   SET state = 'failed', stage = 'stopped', lease = lease + 1, problem_code = ?2, problem_message = ?3,
       updated_at = max(updated_at + 1, ?4), finished_at = ?4, not_before = NULL, last_event = last_event + 1,
       place = NULL, queued_at = NULL, lease_expires = NULL, occupies = 0
 WHERE id = ?1;

-- name: job_exists_for_owner
SELECT 1 FROM jobs WHERE id = ? AND owner = ? AND deleted_at IS NULL;

-- name: owner_of_job
SELECT owner, project FROM jobs WHERE id = ?1 UNION ALL SELECT owner, project FROM purged_jobs WHERE job = ?1;

-- name: busy_job_of_project
SELECT id, state FROM jobs WHERE project = ? AND occupies = 1;

-- name: insert_job
INSERT INTO jobs (id, owner, project, state, stage, run, lease, worker, has_begun, progress, words_done, words_planned,
                  prompt_tokens, completion_tokens, title, is_byok, is_starred, provider, reasoning_model, writing_model,
                  function_model, pipeline_version, problem_code, problem_message, created_at, updated_at, started_at,
                  finished_at, not_before, last_event, rescues, place, start_tag, queued_at, lease_expires, hangs, occupies)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- A transition: all that one can set. The fence is in the WHERE, so it holds under a second process too.
-- name: update_job
UPDATE jobs
   SET state = ?, stage = ?, run = ?, lease = ?, worker = ?, has_begun = ?, progress = ?, words_done = ?,
       words_planned = ?, prompt_tokens = ?, completion_tokens = ?, title = ?, problem_code = ?, problem_message = ?,
       updated_at = ?, started_at = ?, finished_at = ?, not_before = ?, last_event = ?, rescues = ?, place = ?,
       start_tag = ?, queued_at = ?, lease_expires = ?, hangs = ?, occupies = ?
 WHERE id = ? AND lease = ? AND state = ?;

-- Progress of a job that stays in its state: touches no index.
-- name: update_job_progress
UPDATE jobs
   SET stage = ?, progress = ?, words_done = ?, words_planned = ?, prompt_tokens = ?, completion_tokens = ?, title = ?,
       updated_at = ?, last_event = ?, rescues = ?, lease_expires = ?, hangs = ?
 WHERE id = ? AND lease = ? AND state = ?;

-- What an owner sets of a job in whatever state.
-- name: amend_job
UPDATE jobs SET title = ?, is_starred = ?, updated_at = ? WHERE id = ?;
-- name: set_deleted
UPDATE jobs SET deleted_at = ? WHERE id = ?;
-- name: jobs_to_purge
SELECT id FROM jobs WHERE deleted_at < ? ORDER BY deleted_at LIMIT ?;
-- name: insert_purged_job
INSERT INTO purged_jobs (job, owner, project, created_at, deleted_at) VALUES (?, ?, ?, ?, ?);

-- name: add_to_count
INSERT INTO job_counts (owner, state, count) VALUES (?, ?, ?)
    ON CONFLICT (owner, state) DO UPDATE SET count = count + excluded.count;

-- name: insert_settings
INSERT INTO job_settings (job, settings) VALUES (?, ?);
-- name: settings
SELECT settings FROM job_settings WHERE job = ?;

-- The project's files as they are when the job starts.
-- name: copy_files_to_job
INSERT INTO job_sources (job, position, file, sha256, name, size, path)
SELECT ?, row_number() OVER (ORDER BY created_at, id), id, sha256, name, size, path FROM files WHERE project = ?;
-- name: job_sources
SELECT file, sha256, name, size, path FROM job_sources WHERE job = ? ORDER BY position;

-- name: insert_event
INSERT INTO events (job, seq, at, kind, data) VALUES (?, ?, ?, ?, ?);
-- name: events_after
SELECT seq, at, kind, data FROM events WHERE job = ? AND seq > ? ORDER BY seq LIMIT ?;

-- name: running_jobs
SELECT id FROM jobs WHERE state = 'in_progress';
-- name: count_running_of_worker
SELECT count(*) FROM jobs WHERE state = 'in_progress' AND worker = ?;
