-- SPDX-License-Identifier: Apache-2.0
-- What `hone db-manager` keeps: Katib's table with its columns, so that a later store may use a
-- database of Katib's. Times are microseconds since 1970 in UTC.

CREATE TABLE migrations (
  number   INTEGER PRIMARY KEY,
  name     TEXT NOT NULL,
  at       INTEGER NOT NULL,
  checksum TEXT NOT NULL  -- CRC-32C of the file, hexadecimal
) STRICT;

CREATE TABLE observation_logs (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  trial_name  TEXT NOT NULL,
  time        INTEGER NOT NULL,
  metric_name TEXT NOT NULL,
  value       TEXT NOT NULL
) STRICT;
CREATE INDEX observation_logs_trial ON observation_logs (trial_name, time, id);
