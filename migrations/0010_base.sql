-- The data key of the vault, wrapped by a key provider. One row is current; a retired row is kept only when a vault
-- that could not be decrypted was given up, so that what it held is never lost by our doing.
CREATE TABLE vault_key (
  key_id      TEXT PRIMARY KEY,
  state       TEXT NOT NULL CHECK (state IN ('current', 'retired')),
  provider    TEXT NOT NULL CHECK (provider IN ('keychain', 'passphrase', 'memory')),
  wrapped     BLOB NOT NULL,
  parameters  TEXT NOT NULL CHECK (json_valid(parameters)),
  created_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX vault_key_one_current ON vault_key (state) WHERE state = 'current';

-- Only what differs from the defaults.
CREATE TABLE setting (
  name   TEXT PRIMARY KEY,
  value  TEXT NOT NULL CHECK (json_valid(value))
) STRICT, WITHOUT ROWID;

-- Credential commands that may run. Arguments can hold secrets, so they are sealed by the vault.
CREATE TABLE allowed_command (
  id             TEXT PRIMARY KEY,
  command        TEXT NOT NULL,
  arguments      BLOB NOT NULL,
  allowed_at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX allowed_command_by_command ON allowed_command (command);

CREATE TABLE audit (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  at         INTEGER NOT NULL,
  principal  TEXT NOT NULL,
  operation  TEXT NOT NULL,
  resource   TEXT,
  details    TEXT NOT NULL CHECK (json_valid(details)),
  result     TEXT NOT NULL
) STRICT;

-- When the database last proved that it can be written; one row.
CREATE TABLE heartbeat (
  id  INTEGER PRIMARY KEY CHECK (id = 1),
  at  INTEGER NOT NULL
) STRICT;
