-- SPDX-License-Identifier: Apache-2.0
-- How many transactions this file has; the same number stands in the file beside it once the
-- transaction is on the disk (store/sqlite/last_commit.h).

CREATE TABLE commits (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  n   INTEGER NOT NULL
) STRICT;
INSERT INTO commits (one, n) VALUES (1, 0);
