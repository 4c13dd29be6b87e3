-- Version 2: everything is in the schema `recurring`; the journal has an identity, knows the place it is in, and remembers
-- what it has forgotten. Names without a schema are found in the schema of version 1.
CREATE SCHEMA recurring;

ALTER TABLE recurring_schema SET SCHEMA recurring;
ALTER TABLE recurring_attempts SET SCHEMA recurring;
ALTER TABLE recurring_events SET SCHEMA recurring;
ALTER TABLE recurring_inbox SET SCHEMA recurring;

-- The triggers call these by their identity, and find the tables by their new names.
ALTER FUNCTION recurring_log() SET SCHEMA recurring;
ALTER FUNCTION recurring_log_stays() SET SCHEMA recurring;
CREATE OR REPLACE FUNCTION recurring.recurring_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO recurring.recurring_events (attempt, line, at, what, payment, owner, note)
    VALUES (new.attempt, new.lines, new.updated, new.state, new.payment, new.owner,
      CASE WHEN new.decided_by IS NULL THEN new.note ELSE new.decided_by || ': ' || coalesce(new.note, '') END);
  RETURN NULL;
END $$;

-- The stamp has the timeline that version 1 has recorded: a replica that took over is still noticed.
ALTER TABLE recurring.recurring_schema ADD COLUMN identity TEXT, ADD COLUMN created BIGINT, ADD COLUMN stamp TEXT;
UPDATE recurring.recurring_schema
SET identity = gen_random_uuid()::text,
  created = coalesce((SELECT min(created) FROM recurring.recurring_attempts),
    (extract(epoch FROM clock_timestamp()) * 1000)::bigint),
  stamp = upper(lpad(to_hex(timeline), 8, '0')) || '/' || (SELECT system_identifier FROM pg_control_system()) || '/'
    || (SELECT oid FROM pg_database WHERE datname = current_database()) || '/'
    || 'recurring.recurring_attempts'::regclass::oid;
ALTER TABLE recurring.recurring_schema
  DROP COLUMN timeline,
  ALTER COLUMN identity SET NOT NULL,
  ALTER COLUMN created SET NOT NULL,
  ALTER COLUMN stamp SET NOT NULL;

CREATE TABLE recurring.recurring_failovers (
  at BIGINT NOT NULL,
  before TEXT NOT NULL,
  now TEXT NOT NULL,
  decided_by TEXT NOT NULL,
  note TEXT NOT NULL
);

ALTER TABLE recurring.recurring_attempts ADD COLUMN lapsed BOOLEAN NOT NULL DEFAULT false;

DROP INDEX recurring.recurring_attempts_owned;
CREATE INDEX recurring_attempts_owned ON recurring.recurring_attempts (owner) WHERE owner IS NOT NULL;
CREATE INDEX IF NOT EXISTS recurring_attempts_due ON recurring.recurring_attempts (created)
  WHERE state = 'planned' AND sealed IS NOT NULL;
DROP INDEX recurring.recurring_attempts_open;
CREATE INDEX recurring_attempts_open ON recurring.recurring_attempts (provider, payment)
  WHERE state IN ('armed', 'pending', 'unknown', 'review') AND payment IS NOT NULL;

-- Version 1 took "nothing found" for "not charged" by the worker's clock, and without canceling at the gateway. That is
-- not proven: it is looked up once more, and never sent meanwhile.
UPDATE recurring.recurring_attempts
SET lines = lines + 1, fence = fence + 1, owner = NULL, lease_until = NULL, state = 'unknown', looks = 0,
  nothing_found = 0, next_look = (extract(epoch FROM clock_timestamp()) * 1000)::bigint,
  updated = (extract(epoch FROM clock_timestamp()) * 1000)::bigint,
  note = 'migrated from version 1: "not applied" rested on a look-up only, so it is looked up again'
WHERE state = 'not_applied' AND nothing_found > 0 AND decided_by IS NULL;

-- An early version 1 does not have this table. A failover that it has recorded lapses every proof of an attempt that was
-- armed before.
DO $$
BEGIN
  IF to_regclass('recurring_fail_overs') IS NULL THEN
    RETURN;
  END IF;
  INSERT INTO recurring.recurring_failovers (at, before, now, decided_by, note)
    SELECT at, 'timeline ' || timeline_before, 'timeline ' || timeline_now, decided_by, note FROM recurring_fail_overs;
  DROP TABLE recurring_fail_overs;
  UPDATE recurring.recurring_attempts
  SET lines = lines + 1, fence = fence + 1, owner = NULL, lease_until = NULL, lapsed = true,
    state = CASE state WHEN 'not_applied' THEN 'review' ELSE state END,
    updated = (extract(epoch FROM clock_timestamp()) * 1000)::bigint, decided_by = NULL,
    note = 'migrated from version 1: a replica took over after this was armed, so nothing found proves nothing'
  WHERE state IN ('unknown', 'pending', 'review', 'not_applied')
    AND coalesce(armed, created) <= (SELECT max(at) FROM recurring.recurring_failovers);
END $$;
