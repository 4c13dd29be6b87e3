-- Version 5: series, the credential of an attempt, and tombstones. Nothing is known of these for earlier attempts: they belong
-- to no series, and to no credential's history.
ALTER TABLE recurring.recurring_attempts
  ADD COLUMN series TEXT COLLATE "C",
  ADD COLUMN period TEXT COLLATE "C",
  ADD COLUMN try BIGINT,
  ADD COLUMN holds_period BOOLEAN NOT NULL DEFAULT false,
  ADD COLUMN credential TEXT,
  ADD COLUMN archived BIGINT;

CREATE INDEX recurring_attempts_unsettled ON recurring.recurring_attempts (state, attempt, provider, operation, armed, created)
  WHERE state NOT IN ('paid', 'declined');
CREATE UNIQUE INDEX recurring_attempts_series ON recurring.recurring_attempts (series, period, try) WHERE series IS NOT NULL;
CREATE UNIQUE INDEX recurring_attempts_period ON recurring.recurring_attempts (series, period) WHERE holds_period;
CREATE INDEX recurring_attempts_credential ON recurring.recurring_attempts (credential) WHERE credential IS NOT NULL;

DROP TRIGGER recurring_events_stay ON recurring.recurring_events;
CREATE TRIGGER recurring_events_stay BEFORE UPDATE OR TRUNCATE ON recurring.recurring_events
  FOR EACH STATEMENT EXECUTE FUNCTION recurring.recurring_log_stays();
CREATE FUNCTION recurring.recurring_log_leaves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM recurring.recurring_attempts
      WHERE attempt = old.attempt AND archived IS NOT NULL AND old.line < lines) THEN
    RETURN old;
  END IF;
  RAISE EXCEPTION 'the log is only ever added to';
END $$;
CREATE TRIGGER recurring_events_leave BEFORE DELETE ON recurring.recurring_events
  FOR EACH ROW EXECUTE FUNCTION recurring.recurring_log_leaves();
