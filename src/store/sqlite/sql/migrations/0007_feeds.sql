-- What happens to all jobs of an owner, in one order: written only for owners who listen.
CREATE TABLE feeds (
    owner    BLOB PRIMARY KEY,
    last     INTEGER NOT NULL,  -- the number of the newest entry
    since    INTEGER NOT NULL,  -- entries up to this one are not all here any more
    asked_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE feed_entries (
    owner BLOB NOT NULL,
    seq   INTEGER NOT NULL,
    at    INTEGER NOT NULL,
    job   BLOB NOT NULL,
    kind  TEXT NOT NULL,
    event INTEGER,  -- of the job's events; NULL: its owner did something with it
    PRIMARY KEY (owner, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX feed_entries_by_time ON feed_entries (at);
