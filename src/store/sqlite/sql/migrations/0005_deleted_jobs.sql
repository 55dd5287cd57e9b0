-- A job that its owner deleted is not there for anybody; for a while it can be brought back.
ALTER TABLE jobs ADD COLUMN deleted_at INTEGER;
CREATE INDEX deleted_jobs ON jobs (deleted_at) WHERE deleted_at IS NOT NULL;

-- Jobs of which nothing is left but what they cost: whose their calls are.
CREATE TABLE purged_jobs (
    job        BLOB PRIMARY KEY,
    owner      BLOB NOT NULL,
    project    BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    deleted_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
