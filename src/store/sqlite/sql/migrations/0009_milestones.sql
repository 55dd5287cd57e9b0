-- The texts of guided jobs' milestones, as they were shown to the user or written by the user: a row each, never changed, the newest one stands.
CREATE TABLE milestones (
    job       BLOB NOT NULL,
    milestone TEXT NOT NULL,     -- description, details, vision
    version   INTEGER NOT NULL,  -- from 1
    by_user   INTEGER NOT NULL,
    step_key  TEXT NOT NULL,     -- of the step that wrote it; empty: none did
    text      TEXT NOT NULL,     -- empty: it is to be made anew, or not made yet
    passed    INTEGER NOT NULL,  -- the user has read it, or written it, and the job went on
    at        INTEGER NOT NULL,
    PRIMARY KEY (job, milestone, version)
) STRICT;

CREATE TABLE guided_jobs (
    job      BLOB PRIMARY KEY,
    waits_at TEXT NOT NULL,    -- the milestone of its last stop; empty: none yet
    skips    INTEGER NOT NULL  -- goes to the end without stopping again
) STRICT, WITHOUT ROWID;

-- The guided job whose milestones the project shows, if any.
ALTER TABLE projects ADD COLUMN shows_job BLOB;
