-- Users and their keys.

-- name: insert_user
INSERT INTO users (id, email, created_at) VALUES (?, ?, ?);
-- name: users
SELECT id, email, created_at FROM users WHERE removed_at IS NULL ORDER BY email, id;
-- name: user
SELECT id, email, created_at FROM users WHERE id = ? AND removed_at IS NULL;
-- name: user_by_email
SELECT id, email, created_at FROM users WHERE email = ? AND removed_at IS NULL;
-- name: user_by_api_key
SELECT u.id, u.email, u.created_at FROM api_keys k JOIN users u ON u.id = k.user
 WHERE k.sha256 = ? AND u.removed_at IS NULL;
-- name: user_is_removed
SELECT 1 FROM users WHERE id = ? AND removed_at IS NOT NULL;
-- name: remove_user
UPDATE users SET removed_at = ? WHERE id = ? AND removed_at IS NULL;
-- name: set_api_key
INSERT INTO api_keys (user, sha256, created_at) VALUES (?, ?, ?)
    ON CONFLICT (user) DO UPDATE SET sha256 = excluded.sha256, created_at = excluded.created_at;
-- name: api_key_created_at
SELECT created_at FROM api_keys WHERE user = ?;
-- name: delete_api_key
DELETE FROM api_keys WHERE user = ?;
