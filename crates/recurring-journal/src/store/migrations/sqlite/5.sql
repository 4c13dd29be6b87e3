-- Version 5: series, the credential of an attempt, and tombstones. Nothing is known of these for earlier attempts: they belong
-- to no series, and to no credential's history.
ALTER TABLE recurring_attempts ADD COLUMN series TEXT;
ALTER TABLE recurring_attempts ADD COLUMN period TEXT;
ALTER TABLE recurring_attempts ADD COLUMN try INTEGER;
ALTER TABLE recurring_attempts ADD COLUMN holds_period INTEGER NOT NULL DEFAULT 0;
ALTER TABLE recurring_attempts ADD COLUMN credential TEXT;
ALTER TABLE recurring_attempts ADD COLUMN archived INTEGER;

CREATE INDEX recurring_attempts_unsettled ON recurring_attempts (state, attempt, provider, operation, armed, created)
  WHERE state IN ('armed', 'pending', 'unknown', 'review');
CREATE UNIQUE INDEX recurring_attempts_series ON recurring_attempts (series, period, try) WHERE series IS NOT NULL;
CREATE UNIQUE INDEX recurring_attempts_period ON recurring_attempts (series, period) WHERE holds_period;
CREATE INDEX recurring_attempts_credential ON recurring_attempts (credential) WHERE credential IS NOT NULL;

DROP TRIGGER recurring_events_are_kept;
CREATE TRIGGER recurring_events_are_kept BEFORE DELETE ON recurring_events
WHEN NOT EXISTS (SELECT 1 FROM recurring_attempts
  WHERE attempt = old.attempt AND archived IS NOT NULL AND old.line < lines)
BEGIN
  SELECT raise(ABORT, 'the log is only ever added to');
END;
