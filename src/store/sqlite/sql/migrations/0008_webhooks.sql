-- Whom events are told, and what is still to be told: a message is written in the transaction of its event.

CREATE TABLE webhooks (
    id               BLOB PRIMARY KEY,
    owner            BLOB NOT NULL,
    project          BLOB,  -- NULL: of every project
    job              BLOB,  -- NULL: of every job
    url              TEXT NOT NULL,
    kinds            TEXT NOT NULL,  -- with commas between; * is every one
    secret           TEXT NOT NULL,
    former_secret    TEXT NOT NULL DEFAULT '',
    former_until     INTEGER,
    is_enabled       INTEGER NOT NULL DEFAULT 1,
    disabled_because TEXT NOT NULL DEFAULT '',
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX webhooks_of_owner ON webhooks (owner, id);
CREATE INDEX webhooks_of_project ON webhooks (project) WHERE project IS NOT NULL;
CREATE INDEX webhooks_of_job ON webhooks (job) WHERE job IS NOT NULL;

CREATE TABLE webhook_messages (
    id         BLOB PRIMARY KEY,
    webhook    BLOB NOT NULL,
    job        BLOB NOT NULL,
    seq        INTEGER NOT NULL,
    kind       TEXT NOT NULL,
    payload    TEXT NOT NULL,
    state      TEXT NOT NULL,     -- due, held, behind, delivered, failed
    is_open    INTEGER NOT NULL,  -- neither delivered nor failed
    attempts   INTEGER NOT NULL DEFAULT 0,
    tried      INTEGER NOT NULL DEFAULT 0,  -- attempts before it was replayed
    created_at INTEGER NOT NULL,
    next_at    INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX messages_of_webhook ON webhook_messages (webhook, id);
CREATE INDEX open_messages ON webhook_messages (webhook, job, seq) WHERE is_open = 1;
CREATE INDEX due_messages ON webhook_messages (next_at) WHERE state = 'due';
CREATE INDEX held_messages ON webhook_messages (webhook, next_at) WHERE state = 'held';
CREATE INDEX ended_messages ON webhook_messages (created_at) WHERE is_open = 0;

CREATE TABLE webhook_attempts (
    message BLOB NOT NULL,
    number  INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    status  INTEGER NOT NULL,
    taken   INTEGER NOT NULL,  -- milliseconds
    problem TEXT NOT NULL,
    PRIMARY KEY (message, number)
) STRICT, WITHOUT ROWID;
