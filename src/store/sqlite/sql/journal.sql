-- What a job has written: journal, text under way, outputs.

-- name: journal_value
SELECT value FROM journal WHERE job = ? AND key = ?;
-- name: insert_journal
INSERT INTO journal (job, key, value, input_hash, prompt_tokens, completion_tokens, recorded_at)
VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (job, key) DO NOTHING;
-- name: journal
SELECT key, value, input_hash, prompt_tokens, completion_tokens, recorded_at FROM journal WHERE job = ? ORDER BY key;

-- name: partial_text
SELECT attempt, length(text) FROM partial_texts WHERE job = ? AND key = ?;
-- name: replace_partial_text
INSERT INTO partial_texts (job, key, attempt, text) VALUES (?, ?, ?, ?)
    ON CONFLICT (job, key) DO UPDATE SET attempt = excluded.attempt, text = excluded.text;
-- name: append_partial_text
UPDATE partial_texts SET text = CAST(substr(text, 1, ?) || ? AS BLOB) WHERE job = ? AND key = ?;
-- name: delete_partial_text
DELETE FROM partial_texts WHERE job = ? AND key = ?;
-- name: delete_partial_texts
DELETE FROM partial_texts WHERE job = ?;
-- name: partial_texts
SELECT key, attempt, text FROM partial_texts WHERE job = ? ORDER BY key;

-- name: insert_output
INSERT INTO outputs (job, format, sha256, size, pages, path, partial, made_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (job, format, sha256) DO NOTHING;
-- name: outputs
SELECT format, sha256, size, pages, path, partial FROM outputs WHERE job = ? ORDER BY made_at, format, sha256;
