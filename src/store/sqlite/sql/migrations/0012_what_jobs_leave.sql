-- What goes with a deleted job, found without a scan: what was read for it alone, and what webhooks were told of it.

-- Whose links gave a text of `sources`.
CREATE TABLE job_links (
    job    BLOB NOT NULL,
    sha256 TEXT NOT NULL,
    PRIMARY KEY (job, sha256)
) STRICT, WITHOUT ROWID;
CREATE INDEX job_links_by_hash ON job_links (sha256);
INSERT OR IGNORE INTO job_links (job, sha256)
SELECT job, sha256
  FROM (SELECT job, json_extract(json_extract(value, '$.result'), '$.sha256') AS sha256
          FROM journal WHERE key GLOB 'fetch/*' AND json_valid(value) AND json_valid(json_extract(value, '$.result')))
 WHERE sha256 != '';

CREATE INDEX job_sources_by_hash ON job_sources (sha256);
CREATE INDEX files_by_hash ON files (owner, sha256);
CREATE INDEX messages_of_job ON webhook_messages (job);

-- What was left by jobs and files that are gone already.
DELETE FROM sources
 WHERE NOT EXISTS (SELECT 1 FROM files f WHERE f.owner = sources.owner AND f.sha256 = sources.sha256)
   AND NOT EXISTS (SELECT 1 FROM job_sources s JOIN jobs j ON j.id = s.job
                    WHERE s.sha256 = sources.sha256 AND j.owner = sources.owner)
   AND NOT EXISTS (SELECT 1 FROM job_links l JOIN jobs j ON j.id = l.job
                    WHERE l.sha256 = sources.sha256 AND j.owner = sources.owner);
DELETE FROM passages
 WHERE NOT EXISTS (SELECT 1 FROM sources s WHERE s.owner = passages.owner AND s.sha256 = passages.sha256);

-- What is due is looked up webhook by webhook, so that one with much to be told costs the others nothing.
DROP INDEX due_messages;
CREATE INDEX due_messages ON webhook_messages (webhook, next_at, id) WHERE state = 'due';
CREATE INDEX open_messages_by_expiry ON webhook_messages (expires_at) WHERE is_open = 1;
