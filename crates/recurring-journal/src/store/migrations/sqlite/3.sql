-- Version 3: paid, authorized and canceled in place of approved. The rule for the words is part of the table, so the
-- table is made anew.
CREATE TABLE recurring_attempts_3 (
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
  lapsed INTEGER NOT NULL DEFAULT 0,
  lines INTEGER NOT NULL DEFAULT 1
) STRICT, WITHOUT ROWID;

INSERT INTO recurring_attempts_3
  (attempt, provider, operation, amount, currency, fingerprint, state, owner, fence, lease_until, payment, ending,
   created, updated, armed, looks, nothing_found, next_look, decided_by, note, sealed, lapsed, lines)
SELECT attempt, provider, operation, amount, currency, fingerprint,
  CASE state WHEN 'approved' THEN 'pending' ELSE state END,
  owner, fence, lease_until, payment,
  CASE json_extract(ending, '$.outcome')
    WHEN 'approved' THEN
      CASE operation WHEN 'refund' THEN json_set(ending, '$.outcome', 'paid') ELSE json_remove(ending, '$.outcome') END
    WHEN 'customer_needed' THEN json_set(ending, '$.outcome', 'action_required')
    ELSE ending
  END,
  created, updated, armed, looks, nothing_found, next_look, decided_by, note, sealed, lapsed, lines
FROM recurring_attempts;

CREATE TEMP TABLE recurring_approved AS
  SELECT attempt FROM recurring_attempts WHERE state = 'approved';

DROP TABLE recurring_attempts;
ALTER TABLE recurring_attempts_3 RENAME TO recurring_attempts;

CREATE INDEX recurring_attempts_to_look ON recurring_attempts (next_look) WHERE state IN ('unknown', 'pending');
CREATE INDEX recurring_attempts_owned ON recurring_attempts (owner) WHERE owner IS NOT NULL;
CREATE INDEX recurring_attempts_due ON recurring_attempts (created) WHERE state = 'planned' AND sealed IS NOT NULL;
CREATE INDEX recurring_attempts_open ON recurring_attempts (provider, payment)
  WHERE state IN ('armed', 'pending', 'unknown', 'review') AND payment IS NOT NULL;
CREATE TRIGGER recurring_attempts_made AFTER INSERT ON recurring_attempts BEGIN
  INSERT INTO recurring_events (attempt, line, at, what, payment, owner, note)
    VALUES (new.attempt, new.lines, new.updated, new.state, new.payment, new.owner, new.note);
END;
CREATE TRIGGER recurring_attempts_changed AFTER UPDATE ON recurring_attempts BEGIN
  INSERT INTO recurring_events (attempt, line, at, what, payment, owner, note)
    VALUES (new.attempt, new.lines, new.updated, new.state, new.payment, new.owner,
      CASE WHEN new.decided_by IS NULL THEN new.note ELSE new.decided_by || ': ' || coalesce(new.note, '') END);
END;

-- Approved meant that the money was taken or that it was held. A refund can only have been made. Of a capture neither is
-- shown by the payment, so it goes to manual review. A charge is read at the gateway: pending is never sent again, and
-- never becomes a failure because nothing is found.
UPDATE recurring_attempts
SET lines = lines + 1, fence = fence + 1, owner = NULL, lease_until = NULL, looks = 0, nothing_found = 0,
  state = CASE operation WHEN 'refund' THEN 'paid' WHEN 'capture' THEN 'review' ELSE 'pending' END,
  next_look = CASE WHEN operation NOT IN ('refund', 'capture') THEN CAST(unixepoch('now', 'subsec') * 1000 AS INTEGER) END,
  updated = CAST(unixepoch('now', 'subsec') * 1000 AS INTEGER),
  decided_by = NULL,
  note = 'migrated from version 2, in which "approved" stood for paid and for authorized'
WHERE attempt IN (SELECT attempt FROM temp.recurring_approved);

DROP TABLE temp.recurring_approved;
