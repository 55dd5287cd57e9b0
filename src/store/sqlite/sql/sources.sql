-- What was read of a file: kept by owner, hash and how its name had it read.

-- name: insert_source
INSERT INTO sources (owner, sha256, reading, title, kind) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (owner, sha256, reading) DO NOTHING;
-- name: insert_passage
INSERT INTO passages (owner, sha256, reading, position, key, locator, text) VALUES (?, ?, ?, ?, ?, ?, ?);
-- name: source
SELECT title, kind, reading FROM sources WHERE owner = ?1 AND sha256 = ?2 AND reading IN (?3, '') ORDER BY reading DESC LIMIT 1;
-- name: passages
SELECT position, key, locator, text FROM passages WHERE owner = ? AND sha256 = ? AND reading = ?
ORDER BY position;

-- name: insert_job_link
INSERT INTO job_links (job, sha256) SELECT id, ?2 FROM jobs WHERE id = ?1 ON CONFLICT (job, sha256) DO NOTHING;
-- name: sources_of_job
SELECT sha256 FROM job_sources WHERE job = ?1 UNION SELECT sha256 FROM job_links WHERE job = ?1;
-- name: sources_of_project
SELECT sha256 FROM files WHERE project = ?1
UNION SELECT s.sha256 FROM jobs j JOIN job_sources s ON s.job = j.id WHERE j.project = ?1
UNION SELECT l.sha256 FROM jobs j JOIN job_links l ON l.job = j.id WHERE j.project = ?1;
-- name: source_is_named
SELECT EXISTS (SELECT 1 FROM files WHERE owner = ?1 AND sha256 = ?2)
    OR EXISTS (SELECT 1 FROM job_sources s JOIN jobs j ON j.id = s.job WHERE s.sha256 = ?2 AND j.owner = ?1)
    OR EXISTS (SELECT 1 FROM job_links l JOIN jobs j ON j.id = l.job WHERE l.sha256 = ?2 AND j.owner = ?1);
-- name: delete_passages
DELETE FROM passages WHERE owner = ? AND sha256 = ?;
-- name: delete_source
DELETE FROM sources WHERE owner = ? AND sha256 = ?;
