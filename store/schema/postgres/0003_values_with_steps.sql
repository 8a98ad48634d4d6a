-- SPDX-License-Identifier: Apache-2.0
-- Batches of observations may belong to a step: the last values of a trial and its end are one. The function
-- of before stays for processes that still use it.

-- Rows come as arrays of the tables' own types, in which some columns say something else:
--   p_steps     key and the columns of `experiments` that a step changes; owner_epoch must be the
--               row's, and its version must be p_expected; at most one of an experiment
--   p_events    position counts from 0
--   p_trials    each trial once
--   p_offsets   each source once; the row's offset must be p_before
--   p_with      of each offset: the key of the experiment with whose step it goes, both or neither; 0: alone
--   p_records   id is the number of the offset (from 1) that the row came with
--   p_done      rows of `outbox` to be removed; no payload
-- p_first is the first position of a transaction that was counted before; NULL: this call counts it.
-- Steps and offsets that do not fit leave nothing, nor does a step with an offset that does not. They are what
-- is returned, apart by blanks: "s7", the step of experiment 7; "g2", "m3": of offset 2 there is no experiment,
-- 3 has another value. "w": this transaction was counted before, or its writer is unknown; nothing was written.
-- What is a step here may be several, of which the earlier ones are not to be refused for a later one's offset.
-- So a call that is a transaction of its own (p_first NULL) fails then as by a constraint, and is made again one by one.
CREATE FUNCTION write_group(
  p_writer TEXT, p_n BIGINT, p_first BIGINT, p_steps experiments[], p_expected BIGINT[],
  p_events events[], p_outbox outbox[], p_trials trials[], p_offsets collector_offsets[],
  p_before BIGINT[], p_with BIGINT[], p_records observations[], p_done outbox[]) RETURNS TEXT LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  v_first   BIGINT := p_first;
  v_unfit   BIGINT[] := '{}';   -- experiments whose step has an offset that does not fit
  v_gone_on BIGINT[] := '{}';   -- experiments whose step is made
  v_keys    BIGINT[];           -- experiments that are there
  v_moved   BIGINT[];           -- numbers of offsets
  v_refused TEXT := '';
BEGIN
  IF v_first IS NULL THEN
    -- A late call of a connection that broke must not write after the one that was made instead.
    UPDATE commits SET n = p_n, refused = '',
      at = (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
      WHERE writer = p_writer AND n < p_n
      RETURNING (pg_current_xact_id()::text::bigint + (SELECT base FROM positions)) << 20
      INTO v_first;
    IF NOT FOUND THEN
      RETURN 'w';
    END IF;
  END IF;

  IF cardinality(p_steps) > 0 THEN
    IF cardinality(p_offsets) > 0 THEN
      SELECT coalesce(array_agg(p_with[o.ordinality]), '{}') INTO v_unfit
        FROM unnest(p_offsets) WITH ORDINALITY AS o
        LEFT JOIN collector_offsets AS c
          ON c.trial = o.trial AND c.attempt = o.attempt AND c.source = o.source
        WHERE p_with[o.ordinality] <> 0 AND coalesce(c."offset", 0) <> p_before[o.ordinality];
      IF v_unfit <> '{}' AND p_first IS NULL THEN
        RAISE EXCEPTION 'an offset does not fit' USING ERRCODE = 'integrity_constraint_violation';
      END IF;
    END IF;
    WITH advanced AS (
      UPDATE experiments AS x SET version = s.version, phase = s.phase, reason = s.reason,
        algorithm = s.algorithm, objective = s.objective, trials = s.trials, running = s.running,
        succeeded = s.succeeded, failed = s.failed, best_trial = s.best_trial,
        best_value = s.best_value, ended_at = s.ended_at
      FROM unnest(p_steps) WITH ORDINALITY AS s
      WHERE x.key = s.key AND x.version = p_expected[s.ordinality]
        AND x.owner_epoch = s.owner_epoch AND x.deleted = 0 AND x.key <> ALL (v_unfit)
      RETURNING x.key)
    SELECT coalesce(array_agg(key), '{}') INTO v_gone_on FROM advanced;
    INSERT INTO events (position, experiment, seq, at, kind, payload)
      SELECT v_first + e.position, e.experiment, e.seq, e.at, e.kind, e.payload
      FROM unnest(p_events) AS e WHERE e.experiment = ANY (v_gone_on);
    INSERT INTO outbox (experiment, seq, n, payload)
      SELECT o.experiment, o.seq, o.n, o.payload
      FROM unnest(p_outbox) AS o WHERE o.experiment = ANY (v_gone_on);
    -- The name never changes; leaving it out spares its index.
    INSERT INTO trials (trial, name, phase, attempt, parameters, metrics, objective,
        objective_number, ending, message, created_at, started_at, ended_at)
      SELECT t.trial, t.name, t.phase, t.attempt, t.parameters, t.metrics, t.objective,
        t.objective_number, t.ending, t.message, t.created_at, t.started_at, t.ended_at
      FROM unnest(p_trials) AS t WHERE t.trial >> 32 = ANY (v_gone_on)
      ON CONFLICT (trial) DO UPDATE SET phase = excluded.phase, attempt = excluded.attempt,
        parameters = excluded.parameters, metrics = excluded.metrics,
        objective = excluded.objective, objective_number = excluded.objective_number,
        ending = excluded.ending, message = excluded.message, created_at = excluded.created_at,
        started_at = excluded.started_at, ended_at = excluded.ended_at;
    IF cardinality(v_gone_on) < cardinality(p_steps) THEN
      SELECT string_agg('s' || s.key, ' ') INTO v_refused
        FROM unnest(p_steps) AS s WHERE s.key <> ALL (v_gone_on);
    END IF;
  END IF;

  IF cardinality(p_offsets) > 0 THEN
    -- The rows stay as they are until the transaction ends: another process may be about to delete
    -- one of them.
    WITH live AS (
      SELECT key FROM experiments AS x
      WHERE x.key IN (SELECT o.trial >> 32 FROM unnest(p_offsets) AS o) AND x.deleted = 0
      FOR SHARE)
    SELECT coalesce(array_agg(key), '{}') INTO v_keys FROM live;
    WITH begun AS (
      INSERT INTO collector_offsets AS c (trial, attempt, source, "offset")
      SELECT o.trial, o.attempt, o.source, o."offset" FROM unnest(p_offsets) WITH ORDINALITY AS o
      WHERE p_before[o.ordinality] = 0 AND o.trial >> 32 = ANY (v_keys)
        AND (p_with[o.ordinality] = 0 OR p_with[o.ordinality] = ANY (v_gone_on))
      ON CONFLICT (trial, attempt, source) DO UPDATE SET "offset" = excluded."offset"
      WHERE c."offset" = 0
      RETURNING c.trial, c.attempt, c.source), gone_on AS (
      UPDATE collector_offsets AS c SET "offset" = o."offset"
      FROM unnest(p_offsets) WITH ORDINALITY AS o
      WHERE c.trial = o.trial AND c.attempt = o.attempt AND c.source = o.source
        AND p_before[o.ordinality] <> 0 AND c."offset" = p_before[o.ordinality]
        AND o.trial >> 32 = ANY (v_keys)
        AND (p_with[o.ordinality] = 0 OR p_with[o.ordinality] = ANY (v_gone_on))
      RETURNING c.trial, c.attempt, c.source)
    SELECT coalesce(array_agg(o.ordinality), '{}') INTO v_moved
      FROM unnest(p_offsets) WITH ORDINALITY AS o
      JOIN (SELECT * FROM begun UNION ALL SELECT * FROM gone_on) AS m
        ON m.trial = o.trial AND m.attempt = o.attempt AND m.source = o.source;
    -- Another process moved one meanwhile: again, and then it is seen above.
    PERFORM 1 FROM unnest(p_offsets) WITH ORDINALITY AS o
      WHERE p_with[o.ordinality] = ANY (v_gone_on) AND o.ordinality <> ALL (v_moved);
    IF FOUND THEN
      RAISE EXCEPTION 'an offset has moved' USING ERRCODE = 'serialization_failure';
    END IF;
    WITH last AS MATERIALIZED (
      SELECT d.trial,
        (SELECT coalesce(max(o.id), 0) FROM observations AS o WHERE o.trial = d.trial) AS id
      FROM (SELECT DISTINCT r.trial FROM unnest(p_records) AS r) AS d)
    INSERT INTO observations (trial, id, attempt, metric, step, at, text, number)
      SELECT r.trial, last.id + row_number() OVER (PARTITION BY r.trial ORDER BY r.ordinality),
        r.attempt, r.metric, r.step, r.at, r.text, r.number
      FROM unnest(p_records) WITH ORDINALITY AS r JOIN last ON last.trial = r.trial
      WHERE r.id = ANY (v_moved);
    IF cardinality(v_moved) < cardinality(p_offsets) THEN
      SELECT v_refused || string_agg(' ' || CASE WHEN o.trial >> 32 = ANY (v_keys)
          THEN 'm' ELSE 'g' END || o.ordinality, '') INTO v_refused
        FROM unnest(p_offsets) WITH ORDINALITY AS o WHERE o.ordinality <> ALL (v_moved);
    END IF;
  END IF;

  IF cardinality(p_done) > 0 THEN
    DELETE FROM outbox AS o USING unnest(p_done) AS d
      WHERE o.experiment = d.experiment AND o.seq = d.seq AND o.n = d.n;
  END IF;

  IF v_refused <> '' AND p_first IS NULL THEN
    UPDATE commits SET refused = v_refused WHERE writer = p_writer;
  END IF;
  RETURN v_refused;
END
$$;
