-- Answers that are kept for requests that may be repeated.

-- name: kept_answer
SELECT fingerprint, status, body FROM kept_answers WHERE owner = ? AND key = ? AND kept_at > ?;
-- name: keep_answer
-- Over one whose time is over, where it is still there.
INSERT INTO kept_answers (owner, key, fingerprint, status, body, kept_at) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (owner, key) DO UPDATE
   SET fingerprint = excluded.fingerprint, status = excluded.status, body = excluded.body, kept_at = excluded.kept_at;
-- name: drop_old_answers
DELETE FROM kept_answers
 WHERE (owner, key) IN (SELECT owner, key FROM kept_answers WHERE kept_at <= ? ORDER BY kept_at LIMIT ?);
