-- SPDX-License-Identifier: Apache-2.0
-- The tables of docs/ledger.md. Times are microseconds since 1970 in UTC; NULL: not set.
-- An experiment is known by its integer key inside the database; a trial by
-- trial = experiment * 4294967296 + number, so that its rows lie together.

CREATE TABLE migrations (
  number   INTEGER PRIMARY KEY,
  name     TEXT NOT NULL,
  at       INTEGER NOT NULL,
  checksum TEXT NOT NULL  -- CRC-32C of the file, hexadecimal
) STRICT;

-- The row that lists show. A deleted experiment keeps its row, so that the event which says so has
-- an owner; its name is free again.
CREATE TABLE experiments (
  key         INTEGER PRIMARY KEY,
  id          TEXT NOT NULL UNIQUE,
  namespace   TEXT NOT NULL,
  name        TEXT NOT NULL,
  version     INTEGER NOT NULL,
  owner_epoch INTEGER NOT NULL,
  deleted     INTEGER NOT NULL DEFAULT 0,
  phase       TEXT NOT NULL,
  reason      TEXT NOT NULL,
  algorithm   TEXT NOT NULL,
  objective   TEXT NOT NULL,
  trials      INTEGER NOT NULL,
  running     INTEGER NOT NULL,
  succeeded   INTEGER NOT NULL,
  failed      INTEGER NOT NULL,
  best_trial  TEXT NOT NULL,
  best_value  TEXT NOT NULL,
  created_at  INTEGER,
  ended_at    INTEGER
) STRICT;
CREATE UNIQUE INDEX experiments_name ON experiments (namespace, name) WHERE deleted = 0;

-- The ledgers, in the order of commits. Positions only grow and are never used twice.
CREATE TABLE events (
  position   INTEGER PRIMARY KEY,
  experiment INTEGER NOT NULL REFERENCES experiments (key),
  seq        INTEGER NOT NULL,
  at         INTEGER NOT NULL,
  kind       TEXT NOT NULL,
  payload    TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX events_ledger ON events (experiment, seq);

CREATE TABLE snapshots (
  experiment INTEGER PRIMARY KEY REFERENCES experiments (key),
  seq        INTEGER NOT NULL,
  payload    BLOB NOT NULL
) STRICT;

-- Commands that may not have been carried out; carrying one out removes its row.
CREATE TABLE outbox (
  experiment INTEGER NOT NULL REFERENCES experiments (key),
  seq        INTEGER NOT NULL,
  n          INTEGER NOT NULL,
  payload    TEXT NOT NULL,
  PRIMARY KEY (experiment, seq, n)
) STRICT, WITHOUT ROWID;

-- Processes that may own experiments. No row: declared dead, or replaced by a new start.
CREATE TABLE controllers (
  epoch       INTEGER PRIMARY KEY AUTOINCREMENT,
  owner       TEXT NOT NULL UNIQUE,
  alive_until INTEGER NOT NULL
) STRICT;

CREATE TABLE requests (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  kind        TEXT NOT NULL,
  payload     TEXT NOT NULL,
  answered    INTEGER NOT NULL DEFAULT 0,
  reply       TEXT NOT NULL DEFAULT '',
  posted_at   INTEGER NOT NULL,
  answered_at INTEGER
) STRICT;
CREATE INDEX requests_open ON requests (id) WHERE answered = 0;

CREATE TABLE trials (
  trial            INTEGER PRIMARY KEY,
  experiment       INTEGER GENERATED ALWAYS AS (trial >> 32) VIRTUAL,
  number           INTEGER GENERATED ALWAYS AS (trial & 4294967295) VIRTUAL,
  name             TEXT NOT NULL,
  phase            TEXT NOT NULL,
  attempt          INTEGER NOT NULL,
  parameters       TEXT NOT NULL,  -- JSON
  metrics          TEXT NOT NULL,  -- JSON
  objective        TEXT NOT NULL,
  objective_number REAL,
  ending           TEXT NOT NULL,
  message          TEXT NOT NULL,
  created_at       INTEGER,
  started_at       INTEGER,
  ended_at         INTEGER
) STRICT;
CREATE UNIQUE INDEX trials_name ON trials (name);

CREATE TABLE observations (
  trial   INTEGER NOT NULL,
  id      INTEGER NOT NULL,  -- 1, 2, ... in the order of storing
  attempt INTEGER NOT NULL,
  metric  TEXT NOT NULL,
  step    REAL,
  at      INTEGER,
  text    TEXT NOT NULL,     -- as reported
  number  REAL,              -- the text as a finite number
  PRIMARY KEY (trial, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE collector_offsets (
  trial   INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  source  TEXT NOT NULL,
  offset  INTEGER NOT NULL,
  PRIMARY KEY (trial, attempt, source)
) STRICT, WITHOUT ROWID;

-- Files that are worth keeping, by the digest of their content.
CREATE TABLE artifacts (
  digest     TEXT PRIMARY KEY,
  experiment INTEGER NOT NULL REFERENCES experiments (key),
  trial      INTEGER NOT NULL,
  attempt    INTEGER NOT NULL,
  kind       TEXT NOT NULL,    -- "model", "checkpoint"
  location   TEXT NOT NULL,    -- path or URI
  bytes      INTEGER NOT NULL,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX artifacts_trial ON artifacts (trial);

CREATE TABLE models (
  id         INTEGER PRIMARY KEY,
  namespace  TEXT NOT NULL,
  name       TEXT NOT NULL,
  version    INTEGER NOT NULL,
  experiment TEXT NOT NULL,    -- UID: lineage outlives the experiment
  trial      TEXT NOT NULL,    -- name
  digest     TEXT NOT NULL,    -- of the artifact
  phase      TEXT NOT NULL,
  lineage    TEXT NOT NULL,    -- JSON
  created_at INTEGER NOT NULL,
  UNIQUE (namespace, name, version)
) STRICT;

-- For people with sqlite3.
CREATE VIEW event_list AS
  SELECT e.position, x.namespace, x.name AS experiment, e.seq,
         strftime('%Y-%m-%dT%H:%M:%SZ', e.at / 1000000, 'unixepoch') AS at, e.kind, e.payload
  FROM events e JOIN experiments x ON x.key = e.experiment;

CREATE VIEW trial_list AS
  SELECT x.namespace, x.name AS experiment, t.number, t.name, t.phase, t.attempt, t.objective,
         t.parameters, t.ending, t.message,
         strftime('%Y-%m-%dT%H:%M:%SZ', t.started_at / 1000000, 'unixepoch') AS started,
         strftime('%Y-%m-%dT%H:%M:%SZ', t.ended_at / 1000000, 'unixepoch') AS ended
  FROM trials t JOIN experiments x ON x.key = t.trial >> 32;

CREATE VIEW observation_list AS
  SELECT x.namespace, x.name AS experiment, o.trial & 4294967295 AS number, o.attempt, o.id,
         o.metric, o.step, o.text,
         strftime('%Y-%m-%dT%H:%M:%fZ', o.at / 1000000.0, 'unixepoch') AS at
  FROM observations o JOIN experiments x ON x.key = o.trial >> 32;
