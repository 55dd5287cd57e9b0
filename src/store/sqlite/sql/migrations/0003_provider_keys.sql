-- A user's own key at a provider. `sealed` is opened with a key that is not in this database; `id`, `user` and
-- `provider` are sealed with it, so that no row's key can be put into another.
CREATE TABLE provider_keys (
    user        BLOB PRIMARY KEY REFERENCES users (id),
    id          BLOB NOT NULL,  -- new with each key that is submitted
    provider    TEXT NOT NULL,
    sealed_with TEXT NOT NULL,  -- the id of the secret
    sealed      BLOB NOT NULL,
    created_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
