-- The same bytes are one text as `a.txt` and another as `b.md`: what was read is kept by that too. `reading` is empty
-- where it does not count or is not known: for links, and for what was read before.

CREATE TABLE new_sources (
    owner   BLOB NOT NULL,
    sha256  TEXT NOT NULL,
    reading TEXT NOT NULL,
    title   TEXT NOT NULL,
    kind    TEXT NOT NULL,
    PRIMARY KEY (owner, sha256, reading)
) STRICT, WITHOUT ROWID;

-- A title is the document's own. Text and code have none; others that have none got the name of the file that was read
-- first, which another project's readers should not see. Of a file that is gone only the ending tells.
INSERT INTO new_sources (owner, sha256, reading, title, kind)
SELECT owner, sha256, '',
       CASE WHEN kind IN ('text', 'code')
              OR EXISTS (SELECT 1 FROM files f
                          WHERE f.owner = s.owner AND f.sha256 = s.sha256 AND f.name = s.title)
              OR EXISTS (SELECT 1 FROM job_sources j WHERE j.sha256 = s.sha256 AND j.name = s.title)
              OR (kind = 'markdown' AND (title LIKE '%.md' OR title LIKE '%.markdown'))
              OR (kind = 'html' AND (title LIKE '%.htm' OR title LIKE '%.html' OR title LIKE '%.xhtml' OR title LIKE '%.xml'
                                     OR title LIKE '%.svg' OR title LIKE '%.txt'))
              OR (kind = 'pdf' AND title LIKE '%.pdf')
              OR (kind = 'document' AND (title LIKE '%.docx' OR title LIKE '%.odt' OR title LIKE '%.epub' OR title LIKE '%.rtf'))
            THEN '' ELSE title END,
       kind
  FROM sources s;
DROP TABLE sources;
ALTER TABLE new_sources RENAME TO sources;

CREATE TABLE new_passages (
    owner    BLOB NOT NULL,
    sha256   TEXT NOT NULL,
    reading  TEXT NOT NULL,
    position INTEGER NOT NULL,
    key      TEXT NOT NULL,
    locator  TEXT NOT NULL,
    text     TEXT NOT NULL,
    UNIQUE (owner, sha256, reading, position)
) STRICT;
INSERT INTO new_passages (owner, sha256, reading, position, key, locator, text)
SELECT owner, sha256, '', position, key, locator, text FROM passages;
DROP TABLE passages;
ALTER TABLE new_passages RENAME TO passages;
