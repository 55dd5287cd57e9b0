-- Users' own keys at providers, sealed.

-- name: set_provider_key
INSERT INTO provider_keys (user, id, provider, sealed_with, sealed, created_at) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (user) DO UPDATE
   SET id = excluded.id, provider = excluded.provider, sealed_with = excluded.sealed_with, sealed = excluded.sealed,
       created_at = excluded.created_at;
-- name: provider_key
SELECT id, user, provider, sealed_with, sealed, created_at FROM provider_keys WHERE user = ?;
-- name: delete_provider_key
DELETE FROM provider_keys WHERE user = ?;
-- name: provider_keys_not_under
SELECT id, user, provider, sealed_with, sealed, created_at FROM provider_keys WHERE sealed_with != ? ORDER BY user;
-- name: reseal_provider_key
UPDATE provider_keys SET sealed_with = ?, sealed = ? WHERE user = ? AND id = ?;
