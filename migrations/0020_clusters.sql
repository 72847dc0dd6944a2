-- One kubeconfig of one context per cluster. What it says stands in `sealed` alone, encrypted by the vault.
CREATE TABLE kubeconfigs (
  id                  TEXT PRIMARY KEY,
  sealed              BLOB NOT NULL,
  -- Where it was read from, when it came from the user's default files: the file, the context there, the files that
  -- were embedded (a JSON list), and a sealed digest of what the context was then.
  source_path         TEXT,
  source_context      TEXT,
  source_embedded     TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(source_embedded)),
  source_fingerprint  BLOB,
  created_at          INTEGER NOT NULL,
  updated_at          INTEGER NOT NULL,
  CHECK ((source_path IS NULL) = (source_context IS NULL) AND (source_path IS NULL) = (source_fingerprint IS NULL))
) STRICT, WITHOUT ROWID;

-- What is shown without opening the vault; the server has its credentials masked.
CREATE TABLE clusters (
  id                     TEXT PRIMARY KEY,
  kubeconfig_id          TEXT NOT NULL UNIQUE REFERENCES kubeconfigs (id),
  name                   TEXT NOT NULL UNIQUE,
  context                TEXT NOT NULL,
  server                 TEXT NOT NULL,
  user_name              TEXT NOT NULL,
  auth_kinds             TEXT NOT NULL CHECK (json_valid(auth_kinds)),
  namespace              TEXT NOT NULL,
  environment            TEXT,
  labels                 TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(labels)),
  colour                 TEXT NOT NULL DEFAULT 'none',
  notes                  TEXT NOT NULL DEFAULT '',
  position               INTEGER NOT NULL,
  credentials_expire_at  INTEGER,
  created_at             INTEGER NOT NULL,
  updated_at             INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- At most one row.
CREATE TABLE active_cluster (
  one         INTEGER PRIMARY KEY CHECK (one = 1),
  cluster_id  TEXT NOT NULL REFERENCES clusters (id) ON DELETE CASCADE
) STRICT;
