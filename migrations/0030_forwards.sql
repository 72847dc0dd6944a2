-- What the user wants of each forward; what is true of it is in memory and in the history.
CREATE TABLE forwards (
  id            TEXT PRIMARY KEY,
  cluster_id    TEXT NOT NULL REFERENCES clusters (id),
  name          TEXT NOT NULL,
  namespace     TEXT NOT NULL,
  target        TEXT NOT NULL CHECK (json_valid(target)),
  desired       TEXT NOT NULL CHECK (desired IN ('on', 'off')),
  probe         TEXT NOT NULL CHECK (json_valid(probe)),
  pod_policy    TEXT NOT NULL,
  park_seconds  INTEGER NOT NULL,
  labels        TEXT NOT NULL CHECK (json_valid(labels)),
  group_name    TEXT,
  notes         TEXT NOT NULL,
  created_at    INTEGER NOT NULL,
  updated_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX forwards_by_cluster ON forwards (cluster_id);

CREATE TABLE forward_ports (
  id          TEXT PRIMARY KEY,
  forward_id  TEXT NOT NULL REFERENCES forwards (id) ON DELETE CASCADE,
  position    INTEGER NOT NULL,
  -- A number or a name, as JSON.
  remote      TEXT NOT NULL CHECK (json_valid(remote)),
  -- 0: not chosen yet.
  local       INTEGER NOT NULL,
  bind        TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX forward_ports_by_forward ON forward_ports (forward_id, position);

-- One row per state a forward entered.
CREATE TABLE forward_history (
  id                INTEGER PRIMARY KEY AUTOINCREMENT,
  forward_id        TEXT NOT NULL REFERENCES forwards (id) ON DELETE CASCADE,
  at                INTEGER NOT NULL,
  state             TEXT NOT NULL,
  cause_code        TEXT,
  detail            TEXT,
  message           TEXT NOT NULL,
  pod               TEXT,
  connections_lost  INTEGER NOT NULL DEFAULT 0,
  bytes_in          INTEGER NOT NULL DEFAULT 0,
  bytes_out         INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX forward_history_by_forward ON forward_history (forward_id, id);

-- When the app was seen running last; one row.
CREATE TABLE forward_watch (
  one  INTEGER PRIMARY KEY CHECK (one = 1),
  at   INTEGER NOT NULL
) STRICT;
