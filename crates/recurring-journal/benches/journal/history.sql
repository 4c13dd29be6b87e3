-- Three lines of the log for each attempt, as a billing run leaves them, a year of each subscription, and 500 open attempts: few,
-- so that also in the smallest journal each is on a page of its own.
-- The indexes but for the two primary keys are built at the end, which takes less time; they are those that the journal made.
ALTER TABLE recurring_attempts DISABLE TRIGGER USER;
CREATE TABLE made AS SELECT indexname, indexdef FROM pg_indexes
  WHERE schemaname = 'recurring' AND tablename = 'recurring_attempts' AND indexname NOT LIKE '%pkey';
DO $$ DECLARE name TEXT; BEGIN
  FOR name IN SELECT indexname FROM made LOOP EXECUTE format('DROP INDEX recurring.%I', name); END LOOP;
END $$;
-- next
INSERT INTO recurring_attempts (attempt, provider, operation, amount, currency, fingerprint, state, fence, payment, ending, created,
    updated, armed, looks, next_look, note, sent, series, period, try, holds_period, credential, lines)
  SELECT 'sub-' || lpad((i / 12)::text, 8, '0') || '.' || period, 'emspay', 'charge', 4000, 'EUR',
    md5(i::text) || md5('f' || i), state, 2, CASE WHEN state <> 'unknown' THEN md5('p' || i)::uuid::text END,
    CASE state WHEN 'paid' THEN '{"outcome":"paid","status":"completed"}'
      WHEN 'declined' THEN '{"outcome":"declined","status":"error","message":"declined by the issuer"}' END,
    at, at + 900, at + 50, 0, CASE WHEN state IN ('unknown', 'pending') THEN at + 60000 END,
    CASE WHEN state IN ('unknown', 'review') THEN 'the process working on this attempt stopped before it recorded a result' END,
    true, 'sub-' || lpad((i / 12)::text, 8, '0'), period, 1, state NOT IN ('declined', 'canceled'),
    md5('c' || i / 12) || md5('d' || i / 12), 3
  FROM (SELECT i, '2025-' || lpad((i % 12 + 1)::text, 2, '0') AS period,
      1735689600000 + (i % 12) * 2592000000 + i / 12 AS at,
      CASE WHEN i % (NUMBER / 500) = 0 THEN
          CASE i / (NUMBER / 500) % 10 WHEN 0 THEN 'review' WHEN 1 THEN 'pending' ELSE 'unknown' END
        WHEN i % 20 = 7 THEN 'declined' WHEN i % 1000 = 13 THEN 'canceled' ELSE 'paid' END AS state
    FROM generate_series(FROM_12 * 12::bigint, least(TO_12 * 12, NUMBER) - 1) AS i) AS given;

INSERT INTO recurring_events (attempt, line, at, what, payment, owner)
  SELECT attempt, line, created + 50 * line, CASE line WHEN 1 THEN 'planned' WHEN 2 THEN 'armed' ELSE state END,
    CASE line WHEN 3 THEN payment END, CASE WHEN line < 3 THEN '0123456789abcdef0123456789abcdef' END
  FROM recurring_attempts, generate_series(1, 3) AS line
  WHERE attempt >= 'sub-' || lpad('FROM_12', 8, '0') AND attempt < 'sub-' || lpad('TO_12', 8, '0');
-- next
SET maintenance_work_mem = '1GB';
DO $$ DECLARE definition TEXT; BEGIN
  FOR definition IN SELECT indexdef FROM made LOOP EXECUTE definition; END LOOP;
END $$;
ALTER TABLE recurring_attempts ENABLE TRIGGER USER;
DROP TABLE made;
