-- The queue: who is next. See store/sqlite/queue.h.

-- name: ready_jobs
SELECT id FROM jobs WHERE place = 'ready' AND provider = ? AND pipeline_version = ? ORDER BY start_tag, id LIMIT ?;

-- name: first_suspect
SELECT id FROM jobs WHERE place = 'suspect' AND provider = ? AND pipeline_version = ? ORDER BY start_tag, id LIMIT 1;

-- name: due_jobs
-- No delay is longer than the second parameter: where more is left, the clock was set back.
SELECT id FROM jobs WHERE place = 'delayed' AND (not_before <= ?1 OR not_before > ?1 + ?2) ORDER BY not_before LIMIT 256;

-- name: first_capped
SELECT id FROM jobs WHERE place = 'capped' AND owner = ? ORDER BY start_tag, id LIMIT 1;

-- name: set_place
UPDATE jobs SET place = ? WHERE id = ?;

-- name: runs_a_suspect
SELECT EXISTS (SELECT 1 FROM jobs WHERE state = 'in_progress' AND rescues >= 3 AND worker = ?);

-- name: lowest_live_tag
SELECT min(start_tag) FROM jobs WHERE state IN ('queued', 'in_progress');

-- name: highest_finish
SELECT max(last_finish) FROM owner_queues;

-- name: owner_queue
SELECT active, last_finish FROM owner_queues WHERE owner = ?;

-- name: set_owner_queue
INSERT INTO owner_queues (owner, active, last_finish) VALUES (?, ?, ?)
    ON CONFLICT (owner) DO UPDATE SET active = excluded.active, last_finish = excluded.last_finish;
