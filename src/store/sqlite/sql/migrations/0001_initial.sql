-- Ids are 16 bytes, times are milliseconds since 1970, states and stages are their words. Keys start with the owner or the job.

CREATE TABLE users (
    id         BLOB PRIMARY KEY,
    email      TEXT NOT NULL COLLATE NOCASE,
    created_at INTEGER NOT NULL,
    -- A removed user keeps its row, so that a request that was under way finds out.
    removed_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX users_by_email ON users (email) WHERE removed_at IS NULL;

CREATE TABLE api_keys (
    user       BLOB PRIMARY KEY REFERENCES users (id),
    sha256     TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE projects (
    id                BLOB PRIMARY KEY,
    owner             BLOB NOT NULL,
    title             TEXT NOT NULL,
    author            TEXT NOT NULL DEFAULT '',
    email             TEXT NOT NULL DEFAULT '',
    model             TEXT NOT NULL DEFAULT '',
    prompt            TEXT NOT NULL DEFAULT '',
    outline_text      TEXT NOT NULL DEFAULT '',
    style_text        TEXT NOT NULL DEFAULT '',
    supplemental_info TEXT NOT NULL DEFAULT '',
    work_description  TEXT NOT NULL DEFAULT '',
    work_details      TEXT NOT NULL DEFAULT '',
    work_vision       TEXT NOT NULL DEFAULT '',
    questions_answers TEXT NOT NULL DEFAULT '',
    created_at        INTEGER NOT NULL,
    updated_at        INTEGER NOT NULL
) STRICT;
CREATE INDEX projects_of_owner ON projects (owner, id);

CREATE TABLE files (
    id         BLOB PRIMARY KEY,
    owner      BLOB NOT NULL,
    project    BLOB NOT NULL REFERENCES projects (id),
    name       TEXT NOT NULL,
    type       TEXT NOT NULL,
    size       INTEGER NOT NULL,
    sha256     TEXT NOT NULL,
    path       TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX files_of_project ON files (project, sha256);
CREATE INDEX files_by_path ON files (path);

CREATE TABLE jobs (
    id                BLOB PRIMARY KEY,
    owner             BLOB NOT NULL,
    project           BLOB NOT NULL,
    state             TEXT NOT NULL,
    stage             TEXT NOT NULL,
    run               INTEGER NOT NULL,
    lease             INTEGER NOT NULL,
    worker            BLOB NOT NULL,
    has_begun         INTEGER NOT NULL,
    progress          REAL NOT NULL,
    words_done        INTEGER NOT NULL,
    words_planned     INTEGER NOT NULL,
    prompt_tokens     INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    title             TEXT,
    is_byok           INTEGER NOT NULL,
    is_starred        INTEGER NOT NULL,
    provider          TEXT NOT NULL,
    reasoning_model   TEXT,
    writing_model     TEXT,
    function_model    TEXT,
    pipeline_version  INTEGER NOT NULL,
    problem_code      TEXT,
    problem_message   TEXT,
    created_at        INTEGER NOT NULL,
    updated_at        INTEGER NOT NULL,
    started_at        INTEGER,
    finished_at       INTEGER,
    not_before        INTEGER,
    last_event        INTEGER NOT NULL,
    rescues           INTEGER NOT NULL,
    -- The store's own.
    occupies          INTEGER NOT NULL,  -- keeps its project busy
    place             TEXT,              -- where a queued job stands: ready, suspect, capped, delayed
    start_tag         INTEGER NOT NULL,  -- its virtual start time
    queued_at         INTEGER,           -- since when it is queued
    lease_expires     INTEGER,
    hangs             INTEGER NOT NULL   -- times its step ran past its limit, since something new became durable
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX one_job_a_project ON jobs (project) WHERE occupies = 1;
CREATE INDEX jobs_of_owner ON jobs (owner, state, id);
CREATE INDEX jobs_of_project ON jobs (project, id);
CREATE INDEX ready_jobs ON jobs (provider, pipeline_version, start_tag, id) WHERE place = 'ready';
CREATE INDEX suspect_jobs ON jobs (provider, pipeline_version, start_tag, id) WHERE place = 'suspect';
CREATE INDEX capped_jobs ON jobs (owner, start_tag, id) WHERE place = 'capped';
CREATE INDEX delayed_jobs ON jobs (not_before) WHERE place = 'delayed';
CREATE INDEX live_tags ON jobs (start_tag) WHERE state IN ('queued', 'in_progress');
CREATE INDEX queued_since ON jobs (queued_at) WHERE state = 'queued';
CREATE INDEX running_jobs ON jobs (worker) WHERE state = 'in_progress';
-- Nearly always empty: suspects that run (kSuspectRescues in store/sqlite/queue.h).
CREATE INDEX running_suspects ON jobs (worker) WHERE state = 'in_progress' AND rescues >= 3;

CREATE TABLE job_settings (
    job      BLOB PRIMARY KEY,
    settings TEXT NOT NULL
) STRICT;

CREATE TABLE job_sources (
    job      BLOB NOT NULL,
    position INTEGER NOT NULL,
    file     BLOB NOT NULL,
    sha256   TEXT NOT NULL,
    name     TEXT NOT NULL,
    size     INTEGER NOT NULL,
    path     TEXT NOT NULL,
    PRIMARY KEY (job, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX job_sources_by_path ON job_sources (path);

-- How many jobs an owner has in each state: totals without a scan.
CREATE TABLE job_counts (
    owner BLOB NOT NULL,
    state TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (owner, state)
) STRICT, WITHOUT ROWID;

-- An owner in the queue: its jobs that may be claimed or run, and the virtual time at which the last of them ends.
CREATE TABLE owner_queues (
    owner       BLOB PRIMARY KEY,
    active      INTEGER NOT NULL,
    last_finish INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX owner_queues_by_finish ON owner_queues (last_finish);

CREATE TABLE events (
    job  BLOB NOT NULL,
    seq  INTEGER NOT NULL,
    at   INTEGER NOT NULL,
    kind TEXT NOT NULL,
    data TEXT NOT NULL,
    PRIMARY KEY (job, seq)
) STRICT, WITHOUT ROWID;

-- Values are whole sections: rows of their own, beside the key.
CREATE TABLE journal (
    job               BLOB NOT NULL,
    key               TEXT NOT NULL,
    value             TEXT NOT NULL,
    input_hash        TEXT NOT NULL,
    prompt_tokens     INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    recorded_at       INTEGER NOT NULL,
    UNIQUE (job, key)
) STRICT;

CREATE TABLE partial_texts (
    job     BLOB NOT NULL,
    key     TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    text    BLOB NOT NULL,
    UNIQUE (job, key)
) STRICT;

CREATE TABLE outputs (
    job     BLOB NOT NULL,
    format  TEXT NOT NULL,
    sha256  TEXT NOT NULL,
    size    INTEGER NOT NULL,
    pages   INTEGER NOT NULL,
    path    TEXT NOT NULL,
    partial INTEGER NOT NULL,
    made_at INTEGER NOT NULL,
    PRIMARY KEY (job, format, sha256)
) STRICT, WITHOUT ROWID;

CREATE TABLE sources (
    owner  BLOB NOT NULL,
    sha256 TEXT NOT NULL,
    title  TEXT NOT NULL,
    kind   TEXT NOT NULL,
    PRIMARY KEY (owner, sha256)
) STRICT, WITHOUT ROWID;

CREATE TABLE passages (
    owner    BLOB NOT NULL,
    sha256   TEXT NOT NULL,
    position INTEGER NOT NULL,
    key      TEXT NOT NULL,
    locator  TEXT NOT NULL,
    text     TEXT NOT NULL,
    UNIQUE (owner, sha256, position)
) STRICT;
