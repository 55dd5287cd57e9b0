-- What an owner's ended calls and completed works add up to, by month (UTC, `2026-11`), project and model: figures without
-- a scan, which stay when jobs and projects go.
CREATE TABLE usage (
    owner             BLOB NOT NULL,
    month             TEXT NOT NULL,
    project           BLOB NOT NULL,
    provider          TEXT NOT NULL,
    model             TEXT NOT NULL,
    calls             INTEGER NOT NULL,
    prompt_tokens     INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    cached_tokens     INTEGER NOT NULL,
    reasoning_tokens  INTEGER NOT NULL,
    cost              INTEGER NOT NULL,
    unknown_costs     INTEGER NOT NULL,
    works             INTEGER NOT NULL,
    pages             INTEGER NOT NULL,
    PRIMARY KEY (owner, month, project, provider, model)
) STRICT, WITHOUT ROWID;

INSERT INTO usage
SELECT j.owner, strftime('%Y-%m', c.ended_at / 1000, 'unixepoch'), j.project, c.provider, c.model, count(*),
       sum(c.prompt_tokens), sum(c.completion_tokens), sum(c.cached_tokens), sum(c.reasoning_tokens),
       sum(coalesce(c.cost, 0)), sum(c.cost IS NULL), 0, 0
  FROM calls c JOIN jobs j ON j.id = c.job
 WHERE c.ended_at IS NOT NULL
 GROUP BY 1, 2, 3, 4, 5;

-- A work counts for the model that wrote it.
INSERT INTO usage
SELECT j.owner, strftime('%Y-%m', j.finished_at / 1000, 'unixepoch'), j.project, j.provider,
       coalesce(j.writing_model, ''), 0, 0, 0, 0, 0, 0, 0, count(*), sum(o.pages)
  FROM jobs j JOIN outputs o ON o.job = j.id AND o.format = 'pdf' AND o.partial = 0
 WHERE j.state = 'completed' AND j.finished_at IS NOT NULL
 GROUP BY 1, 2, 3, 4, 5
    ON CONFLICT DO UPDATE SET works = excluded.works, pages = excluded.pages;
