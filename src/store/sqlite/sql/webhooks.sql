-- Webhooks and the messages to them.

-- name: insert_webhook
INSERT INTO webhooks (id, owner, project, job, url, kinds, secret, created_at, updated_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?);
-- name: webhook_of_owner
SELECT id, owner, project, job, url, kinds, secret, former_secret, former_until, is_enabled, disabled_because,
       created_at, updated_at
  FROM webhooks WHERE id = ? AND owner = ?;
-- name: webhooks_of_owner
SELECT id, owner, project, job, url, kinds, secret, former_secret, former_until, is_enabled, disabled_because,
       created_at, updated_at
  FROM webhooks WHERE owner = ? ORDER BY id DESC;
-- name: count_webhooks
SELECT count(*) FROM webhooks WHERE owner = ?;
-- name: update_webhook
UPDATE webhooks
   SET url = ?, kinds = ?, secret = ?, former_secret = ?, former_until = ?, is_enabled = ?, disabled_because = ?,
       updated_at = ?
 WHERE id = ?;
-- name: webhook_secrets_without
SELECT id, owner, secret, former_secret FROM webhooks
 WHERE substr(secret, 1, length(?1)) != ?1
    OR (former_secret != '' AND substr(former_secret, 1, length(?1)) != ?1)
 ORDER BY id;
-- name: reseal_webhook_secret
UPDATE webhooks
   SET secret = CASE WHEN secret = ?2 THEN ?3 ELSE secret END,
       former_secret = CASE WHEN former_secret = ?2 THEN ?3 ELSE former_secret END
 WHERE id = ?1 AND (secret = ?2 OR former_secret = ?2);
-- name: disable_webhook
UPDATE webhooks SET is_enabled = 0, disabled_because = ?, updated_at = ? WHERE id = ?;
-- name: delete_webhook
DELETE FROM webhooks WHERE id = ?;
-- name: webhook_ids_of_owner
SELECT id FROM webhooks WHERE owner = ?;
-- name: webhook_ids_of_project
SELECT id FROM webhooks WHERE project = ?;
-- name: webhook_ids_of_job
SELECT id FROM webhooks WHERE job = ?;
-- name: webhook_owners
SELECT DISTINCT owner FROM webhooks;
-- name: webhooks_for_event
SELECT id FROM webhooks
 WHERE owner = ? AND is_enabled = 1 AND (project IS NULL OR project = ?) AND (job IS NULL OR job = ?)
   AND (kinds = '*' OR instr(',' || kinds || ',', ',' || ? || ',') > 0);

-- name: insert_message
INSERT INTO webhook_messages (id, webhook, job, seq, kind, payload, state, is_open, created_at, next_at, expires_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6,
        CASE WHEN EXISTS (SELECT 1 FROM webhook_messages WHERE webhook = ?2 AND job = ?3 AND is_open = 1)
             THEN 'behind' ELSE 'due' END,
        1, ?7, ?7, ?8);
-- name: message_of_webhook
SELECT id, webhook, job, seq, kind, payload, state, attempts, created_at, next_at, expires_at
  FROM webhook_messages WHERE id = ? AND webhook = ?;
-- name: messages_of_webhook
SELECT id, webhook, job, seq, kind, payload, state, attempts, created_at, next_at, expires_at
  FROM webhook_messages WHERE webhook = ? AND id < ? ORDER BY id DESC LIMIT ?;
-- name: message_attempts
SELECT number, at, status, taken, problem FROM webhook_attempts WHERE message = ? ORDER BY number DESC LIMIT ?;
-- name: replay_message
UPDATE webhook_messages
   SET state = 'due', is_open = 1, tried = attempts, next_at = ?, expires_at = ?
 WHERE id = ? AND is_open = 0;
-- name: release_overdue_messages
UPDATE webhook_messages SET state = 'due' WHERE state = 'held' AND next_at <= ?;
-- name: release_held_messages
UPDATE webhook_messages SET state = 'due', next_at = ? WHERE state = 'held';
-- name: due_webhooks
WITH RECURSIVE due (webhook) AS (
    SELECT min(webhook) FROM webhook_messages WHERE state = 'due'
    UNION ALL
    SELECT (SELECT min(m.webhook) FROM webhook_messages m WHERE m.state = 'due' AND m.webhook > due.webhook)
      FROM due WHERE due.webhook IS NOT NULL)
SELECT w.id, w.owner,
       (SELECT min(next_at) FROM webhook_messages WHERE webhook = w.id AND state = 'due') AS since
  FROM due JOIN webhooks w ON w.id = due.webhook AND w.is_enabled = 1
 WHERE since <= ? ORDER BY since, w.id;
-- name: held_webhooks
SELECT w.id, w.owner, count(*) FROM webhook_messages m JOIN webhooks w ON w.id = m.webhook
 WHERE m.state = 'held' GROUP BY w.id;
-- name: due_messages_of_webhook
SELECT m.id, m.webhook, m.job, m.seq, m.kind, m.payload, m.state, m.attempts, m.created_at, m.next_at, m.expires_at,
       m.tried, w.url, w.secret, w.former_secret, w.former_until
  FROM webhook_messages m JOIN webhooks w ON w.id = m.webhook
 WHERE m.webhook = ? AND m.state = 'due' AND m.next_at <= ? ORDER BY m.next_at, m.id LIMIT ?;
-- name: hold_message
UPDATE webhook_messages SET state = 'held', attempts = attempts + 1, next_at = ? WHERE id = ?;
-- name: end_message
UPDATE webhook_messages SET state = ?, is_open = ?, next_at = ? WHERE id = ? AND state = 'held' AND attempts = ?;
-- name: insert_attempt
INSERT INTO webhook_attempts (message, number, at, status, taken, problem) VALUES (?, ?, ?, ?, ?, ?);
-- name: place_of_message
SELECT webhook, job FROM webhook_messages WHERE id = ?;
-- name: move_up_message
UPDATE webhook_messages SET state = 'due', next_at = ?
 WHERE state = 'behind'
   AND id = (SELECT id FROM webhook_messages WHERE webhook = ? AND job = ? AND is_open = 1 ORDER BY seq, id LIMIT 1);
-- name: next_due
WITH RECURSIVE due (webhook) AS (
    SELECT min(webhook) FROM webhook_messages WHERE state = 'due'
    UNION ALL
    SELECT (SELECT min(m.webhook) FROM webhook_messages m WHERE m.state = 'due' AND m.webhook > due.webhook)
      FROM due WHERE due.webhook IS NOT NULL)
SELECT min((SELECT min(next_at) FROM webhook_messages WHERE webhook = w.id AND state = 'due'))
  FROM due JOIN webhooks w ON w.id = due.webhook AND w.is_enabled = 1;
-- name: next_overdue
SELECT min(m.next_at) FROM webhook_messages m JOIN webhooks w ON w.id = m.webhook AND w.is_enabled = 1
 WHERE m.state = 'held';
-- name: bring_forward_messages
UPDATE webhook_messages SET next_at = ?1 WHERE webhook = ?2 AND state = 'due' AND next_at > ?1;
-- name: expired_messages
SELECT m.id FROM webhook_messages m JOIN webhooks w ON w.id = m.webhook AND w.is_enabled = 0
 WHERE m.is_open = 1 AND m.state != 'held' AND m.expires_at <= ? ORDER BY m.expires_at LIMIT ?;
-- name: give_up_message
UPDATE webhook_messages SET state = 'failed', is_open = 0, next_at = ? WHERE id = ?;
-- name: delete_attempts_of_webhook
DELETE FROM webhook_attempts WHERE message IN (SELECT id FROM webhook_messages WHERE webhook = ?);
-- name: delete_messages_of_webhook
DELETE FROM webhook_messages WHERE webhook = ?;
-- name: delete_attempts_of_job
DELETE FROM webhook_attempts WHERE message IN (SELECT id FROM webhook_messages WHERE job = ? AND is_open <= ?);
-- name: delete_messages_of_job
DELETE FROM webhook_messages WHERE job = ? AND is_open <= ?;
-- name: old_messages
SELECT id FROM webhook_messages WHERE is_open = 0 AND created_at < ? ORDER BY created_at LIMIT ?;
-- name: delete_attempts
DELETE FROM webhook_attempts WHERE message = ?;
-- name: delete_message
DELETE FROM webhook_messages WHERE id = ?;
