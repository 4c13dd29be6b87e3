-- One row: which journal this is, and whether this file is a copy that has not been acknowledged.
CREATE TABLE recurring_schema (
  version INTEGER NOT NULL,
  identity TEXT NOT NULL,
  created INTEGER NOT NULL,
  copied INTEGER
) STRICT;

-- When a copy was taken into use, and who took responsibility for it.
CREATE TABLE recurring_failovers (
  at INTEGER NOT NULL,
  before TEXT NOT NULL,
  now TEXT NOT NULL,
  decided_by TEXT NOT NULL,
  note TEXT NOT NULL
) STRICT;

CREATE TABLE recurring_attempts (
  attempt TEXT NOT NULL PRIMARY KEY,
  provider TEXT NOT NULL,
  operation TEXT NOT NULL,
  amount INTEGER,
  currency TEXT,
  fingerprint TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN
    ('planned', 'armed', 'paid', 'authorized', 'pending', 'declined', 'canceled', 'not_applied', 'unknown', 'review')),
  owner TEXT,
  fence INTEGER NOT NULL DEFAULT 0,
  lease_until INTEGER,
  payment TEXT,
  ending TEXT,
  created INTEGER NOT NULL,
  updated INTEGER NOT NULL,
  armed INTEGER,
  looks INTEGER NOT NULL DEFAULT 0,
  nothing_found INTEGER NOT NULL DEFAULT 0,
  next_look INTEGER,
  decided_by TEXT,
  note TEXT,
  sealed BLOB,
  -- Whether the store has forgotten something since this was armed.
  lapsed INTEGER NOT NULL DEFAULT 0,
  -- Whether anything may have been sent under this name by a try that has ended. Never taken back.
  sent INTEGER NOT NULL DEFAULT 0,
  -- The number of the newest line of its log.
  lines INTEGER NOT NULL DEFAULT 1
) STRICT, WITHOUT ROWID;

CREATE INDEX recurring_attempts_to_look ON recurring_attempts (next_look) WHERE state IN ('unknown', 'pending');
CREATE INDEX recurring_attempts_owned ON recurring_attempts (owner) WHERE owner IS NOT NULL;
CREATE INDEX recurring_attempts_due ON recurring_attempts (created) WHERE state = 'planned' AND sealed IS NOT NULL;
-- A payment belongs to one attempt. Refunds and captures name the payment that they change.
CREATE UNIQUE INDEX recurring_attempts_payment ON recurring_attempts (provider, payment)
  WHERE payment IS NOT NULL AND operation IN ('charge', 'schedule', 'first_payment');
CREATE INDEX recurring_attempts_open ON recurring_attempts (provider, payment)
  WHERE state IN ('armed', 'pending', 'unknown', 'review') AND payment IS NOT NULL;

-- What happened to each attempt, written by the database itself, so that no change can be without its line.
CREATE TABLE recurring_events (
  attempt TEXT NOT NULL,
  line INTEGER NOT NULL,
  at INTEGER NOT NULL,
  what TEXT NOT NULL,
  payment TEXT,
  owner TEXT,
  note TEXT,
  PRIMARY KEY (attempt, line)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER recurring_attempts_made AFTER INSERT ON recurring_attempts BEGIN
  INSERT INTO recurring_events (attempt, line, at, what, payment, owner, note)
    VALUES (new.attempt, new.lines, new.updated, new.state, new.payment, new.owner, new.note);
END;
CREATE TRIGGER recurring_attempts_changed AFTER UPDATE ON recurring_attempts BEGIN
  INSERT INTO recurring_events (attempt, line, at, what, payment, owner, note)
    VALUES (new.attempt, new.lines, new.updated, new.state, new.payment, new.owner,
      CASE WHEN new.decided_by IS NULL THEN new.note ELSE new.decided_by || ': ' || coalesce(new.note, '') END);
END;
CREATE TRIGGER recurring_events_stay BEFORE UPDATE ON recurring_events BEGIN
  SELECT raise(ABORT, 'the log is only ever added to');
END;
CREATE TRIGGER recurring_events_are_kept BEFORE DELETE ON recurring_events BEGIN
  SELECT raise(ABORT, 'the log is only ever added to');
END;

CREATE TABLE recurring_inbox (
  provider TEXT NOT NULL,
  dedupe_key TEXT NOT NULL,
  authenticity TEXT NOT NULL,
  event TEXT,
  payment TEXT,
  merchant_reference TEXT,
  first_received INTEGER NOT NULL,
  last_received INTEGER NOT NULL,
  times INTEGER NOT NULL,
  handled INTEGER,
  PRIMARY KEY (provider, dedupe_key)
) STRICT, WITHOUT ROWID;

CREATE INDEX recurring_inbox_unhandled ON recurring_inbox (first_received) WHERE handled IS NULL;
