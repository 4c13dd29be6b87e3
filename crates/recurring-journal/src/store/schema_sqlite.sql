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
  -- Which try of which period of a series (a subscription) this is.
  series TEXT,
  period TEXT,
  try INTEGER,
  -- Whether this is the try of its period that may be open or paid. It is none any more when it is declined, canceled or
  -- not applied, and what is learned of it later does not make it one again: then two are open, which is reviewed.
  holds_period INTEGER NOT NULL DEFAULT 0,
  -- Of the credential, and of this journal: the attempts that were made with one credential have the same.
  credential TEXT,
  -- When its log left for a file. The row stays, so that its name and its payment stay taken.
  archived INTEGER,
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
-- What is open, for the list of each state and for how many there are and how old.
CREATE INDEX recurring_attempts_unsettled ON recurring_attempts (state, attempt, provider, operation, armed, created)
  WHERE state IN ('armed', 'pending', 'unknown', 'review');
-- The tries of a series in their order. Each number is given once.
CREATE UNIQUE INDEX recurring_attempts_series ON recurring_attempts (series, period, try) WHERE series IS NOT NULL;
-- Of the tries of one period at most one is open or paid, whatever two machines do at once.
CREATE UNIQUE INDEX recurring_attempts_period ON recurring_attempts (series, period) WHERE holds_period;
CREATE INDEX recurring_attempts_credential ON recurring_attempts (credential) WHERE credential IS NOT NULL;

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
-- The log of an archived attempt is in a file, whose digest its newest line names: only that line has to stay.
CREATE TRIGGER recurring_events_are_kept BEFORE DELETE ON recurring_events
WHEN NOT EXISTS (SELECT 1 FROM recurring_attempts
  WHERE attempt = old.attempt AND archived IS NOT NULL AND old.line < lines)
BEGIN
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
