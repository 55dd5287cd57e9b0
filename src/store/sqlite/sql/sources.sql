-- What was read of a file: kept by owner and hash.

-- name: insert_source
INSERT INTO sources (owner, sha256, title, kind) VALUES (?, ?, ?, ?) ON CONFLICT (owner, sha256) DO NOTHING;
-- name: insert_passage
INSERT INTO passages (owner, sha256, position, key, locator, text) VALUES (?, ?, ?, ?, ?, ?);
-- name: source
SELECT title, kind FROM sources WHERE owner = ? AND sha256 = ?;
-- name: passages
SELECT position, key, locator, text FROM passages WHERE owner = ? AND sha256 = ? ORDER BY position;
