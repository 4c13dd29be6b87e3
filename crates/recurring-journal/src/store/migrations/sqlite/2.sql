-- Version 2: the journal has an identity, is known as a copy, and remembers what it has forgotten.
CREATE TABLE recurring_schema (
  version INTEGER NOT NULL,
  identity TEXT NOT NULL,
  created INTEGER NOT NULL,
  copied INTEGER
) STRICT;

CREATE TABLE recurring_failovers (
  at INTEGER NOT NULL,
  before TEXT NOT NULL,
  now TEXT NOT NULL,
  decided_by TEXT NOT NULL,
  note TEXT NOT NULL
) STRICT;

-- A random UUID of version 4.
INSERT INTO recurring_schema (version, identity, created)
  SELECT 2,
    lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-'
      || substr('89AB', 1 + abs(random() % 4), 1) || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))),
    coalesce((SELECT min(created) FROM recurring_attempts), CAST(unixepoch('now', 'subsec') * 1000 AS INTEGER));

ALTER TABLE recurring_attempts ADD COLUMN lapsed INTEGER NOT NULL DEFAULT 0;

DROP INDEX recurring_attempts_owned;
CREATE INDEX recurring_attempts_owned ON recurring_attempts (owner) WHERE owner IS NOT NULL;
CREATE INDEX IF NOT EXISTS recurring_attempts_due ON recurring_attempts (created)
  WHERE state = 'planned' AND sealed IS NOT NULL;
DROP INDEX recurring_attempts_open;
CREATE INDEX recurring_attempts_open ON recurring_attempts (provider, payment)
  WHERE state IN ('armed', 'pending', 'unknown', 'review') AND payment IS NOT NULL;

-- Version 1 took "nothing found" for "not charged" by the worker's clock, and without canceling at the gateway. That is
-- not proven: it is looked up once more, and never sent meanwhile.
UPDATE recurring_attempts
SET lines = lines + 1, fence = fence + 1, owner = NULL, lease_until = NULL, state = 'unknown', looks = 0,
  nothing_found = 0, next_look = CAST(unixepoch('now', 'subsec') * 1000 AS INTEGER),
  updated = CAST(unixepoch('now', 'subsec') * 1000 AS INTEGER),
  note = 'migrated from version 1: "not applied" rested on a look-up only, so it is looked up again'
WHERE state = 'not_applied' AND nothing_found > 0 AND decided_by IS NULL;
