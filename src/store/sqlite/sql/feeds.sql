-- One stream of all jobs of an owner.

-- name: feed
SELECT last, since, asked_at FROM feeds WHERE owner = ?;
-- name: open_feed
-- One that nobody asked for so long has a gap up to now. The gap has a number: who has the newest entry is before it.
INSERT INTO feeds (owner, last, since, asked_at) VALUES (?1, 0, 0, ?2)
    ON CONFLICT (owner) DO UPDATE
   SET last = CASE WHEN asked_at > ?3 THEN last ELSE last + 1 END,
       since = CASE WHEN asked_at > ?3 THEN since ELSE last + 1 END,
       asked_at = max(asked_at, excluded.asked_at);
-- name: next_feed_number
UPDATE feeds SET last = last + 1 WHERE owner = ? AND asked_at > ? RETURNING last;
-- name: insert_feed_entry
INSERT INTO feed_entries (owner, seq, at, job, kind, event) VALUES (?, ?, ?, ?, ?, ?);
-- name: feed_after
SELECT f.seq, f.at, f.job, f.kind, f.event, e.data
  FROM feed_entries f LEFT JOIN events e ON e.job = f.job AND e.seq = f.event
 WHERE f.owner = ? AND f.seq > ? ORDER BY f.seq LIMIT ?;
-- name: old_feed_entries
SELECT owner, seq FROM feed_entries WHERE at <= ? ORDER BY at LIMIT ?;
-- name: drop_feed_entry
DELETE FROM feed_entries WHERE owner = ? AND seq = ?;
-- name: note_feed_gap
UPDATE feeds SET since = max(since, ?) WHERE owner = ?;
