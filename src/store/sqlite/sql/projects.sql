-- Projects and the files in them.

-- name: insert_project
INSERT INTO projects (id, owner, title, email, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?);
-- name: project_of_owner
SELECT id, owner, title, author, email, model, prompt, outline_text, style_text, supplemental_info, work_description,
       work_details, work_vision, questions_answers, created_at, updated_at
  FROM projects WHERE id = ? AND owner = ?;
-- name: projects_of_owner
SELECT id, owner, title, author, email, model, prompt, outline_text, style_text, supplemental_info, work_description,
       work_details, work_vision, questions_answers, created_at, updated_at
  FROM projects WHERE owner = ? ORDER BY id DESC;
-- name: project_exists
SELECT 1 FROM projects WHERE id = ? AND owner = ?;
-- name: update_project
UPDATE projects
   SET title = ?, author = ?, email = ?, model = ?, prompt = ?, outline_text = ?, style_text = ?, supplemental_info = ?,
       work_description = ?, work_details = ?, work_vision = ?, questions_answers = ?, updated_at = ?
 WHERE id = ? AND owner = ?;
-- name: delete_project
DELETE FROM projects WHERE id = ?;

-- name: insert_file
INSERT INTO files (id, owner, project, name, type, size, sha256, path, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?);
-- name: file_with_hash
SELECT 1 FROM files WHERE project = ? AND sha256 = ?;
-- name: files_of_project
SELECT id, owner, project, name, type, size, sha256, path, created_at FROM files WHERE project = ?
 ORDER BY created_at, id;
-- name: file_of_owner
SELECT id, owner, project, name, type, size, sha256, path, created_at FROM files WHERE id = ? AND owner = ?;
-- name: delete_file
DELETE FROM files WHERE id = ?;
-- name: delete_files_of_project
DELETE FROM files WHERE project = ?;

-- name: paths_of_project
SELECT path FROM files WHERE project = ?1
UNION SELECT s.path FROM jobs j JOIN job_sources s ON s.job = j.id WHERE j.project = ?1
UNION SELECT o.path FROM jobs j JOIN outputs o ON o.job = j.id WHERE j.project = ?1;
-- name: path_is_named
SELECT EXISTS (SELECT 1 FROM files WHERE path = ?1) OR EXISTS (SELECT 1 FROM job_sources WHERE path = ?1);

-- name: paths_of_job
SELECT path FROM job_sources WHERE job = ?1 UNION SELECT path FROM outputs WHERE job = ?1;
-- name: path_is_named_beside_job
SELECT EXISTS (SELECT 1 FROM files WHERE path = ?1)
    OR EXISTS (SELECT 1 FROM job_sources s JOIN jobs j ON j.id = s.job
                WHERE s.path = ?1 AND s.job != ?2 AND (j.deleted_at IS NULL OR j.deleted_at >= ?3));

-- name: delete_job
DELETE FROM jobs WHERE id = ?;
-- name: delete_settings
DELETE FROM job_settings WHERE job = ?;
-- name: delete_job_links
DELETE FROM job_links WHERE job = ?;
-- name: delete_job_sources
DELETE FROM job_sources WHERE job = ?;
-- name: delete_events
DELETE FROM events WHERE job = ?;
-- name: delete_journal
DELETE FROM journal WHERE job = ?;
-- name: delete_outputs
DELETE FROM outputs WHERE job = ?;
