-- The milestones of guided jobs.

-- name: insert_guided
INSERT INTO guided_jobs (job, waits_at, skips) VALUES (?, '', 0);
-- name: guided
SELECT waits_at, skips FROM guided_jobs WHERE job = ?;
-- name: set_waits_at
UPDATE guided_jobs SET waits_at = ? WHERE job = ?;
-- name: set_skips
UPDATE guided_jobs SET skips = 1 WHERE job = ?;
-- name: delete_guided
DELETE FROM guided_jobs WHERE job = ?;

-- name: insert_milestone
INSERT INTO milestones (job, milestone, version, by_user, step_key, text, passed, at)
SELECT ?1, ?2, coalesce(max(version), 0) + 1, ?3, ?4, ?5, ?6, ?7 FROM milestones WHERE job = ?1 AND milestone = ?2;
-- name: milestones
SELECT milestone, version, by_user, step_key, text, passed, at FROM milestones WHERE job = ? ORDER BY milestone, version;
-- name: pass_milestones
UPDATE milestones SET passed = 1 WHERE job = ? AND passed = 0;
-- name: delete_milestones
DELETE FROM milestones WHERE job = ?;

-- name: shown_milestones
SELECT shows_job, work_description, work_details, work_vision FROM projects WHERE id = ?;
-- name: show_milestones
UPDATE projects
   SET shows_job = ?, work_description = ?, work_details = ?, work_vision = ?, updated_at = max(updated_at + 1, ?)
 WHERE id = ?;
