-- Child processes of the running owner. A row is written before its process starts, so that whatever happens the next
-- start can find and stop what was left; it goes when the process is gone.
CREATE TABLE children (
  id TEXT PRIMARY KEY,
  -- Which run of the app started it.
  run TEXT NOT NULL,
  -- Random; also in the child's environment. It is an identity, it opens nothing.
  token TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL CHECK (kind IN ('kubectl', 'credential-command', 'sidecar', 'probe-command')),
  label TEXT NOT NULL,
  command TEXT NOT NULL,
  boot_id TEXT NOT NULL,
  -- Both unknown until the process exists.
  pid INTEGER,
  start_time TEXT,
  created_at INTEGER NOT NULL
) STRICT;
