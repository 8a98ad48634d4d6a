-- SPDX-License-Identifier: Apache-2.0
-- How many transactions of engines this file has; the same number stands in hone.db-last once the
-- transaction is on the disk. Fewer here than there: commits were lost. From this schema on, each
-- page ends in 8 bytes with its checksum (store/sqlite/checked_file.h).

CREATE TABLE commits (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  n   INTEGER NOT NULL
) STRICT;
INSERT INTO commits (one, n) VALUES (1, 0);
