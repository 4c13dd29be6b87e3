-- Everything is in one schema with a fixed name: whichever role connects, and whatever its search path, finds the same
-- journal or none.
CREATE SCHEMA recurring;

-- One row: which journal this is, and the stamp of the place it is in (timeline, server, database, table). A replica that
-- takes over begins a new timeline; a journal that is restored from a dump has another table.
CREATE TABLE recurring.recurring_schema (
  version BIGINT NOT NULL,
  identity TEXT NOT NULL,
  created BIGINT NOT NULL,
  stamp TEXT NOT NULL
);

-- When a replica or a copy took over, and who took responsibility for it.
CREATE TABLE recurring.recurring_failovers (
  at BIGINT NOT NULL,
  before TEXT NOT NULL,
  now TEXT NOT NULL,
  decided_by TEXT NOT NULL,
  note TEXT NOT NULL
);

CREATE TABLE recurring.recurring_attempts (
  attempt TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  provider TEXT NOT NULL,
  operation TEXT NOT NULL,
  amount BIGINT,
  currency TEXT,
  fingerprint TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN
    ('planned', 'armed', 'paid', 'authorized', 'pending', 'declined', 'canceled', 'not_applied', 'unknown', 'review')),
  owner TEXT,
  fence BIGINT NOT NULL DEFAULT 0,
  lease_until BIGINT,
  payment TEXT,
  ending TEXT,
  created BIGINT NOT NULL,
  updated BIGINT NOT NULL,
  armed BIGINT,
  looks BIGINT NOT NULL DEFAULT 0,
  nothing_found BIGINT NOT NULL DEFAULT 0,
  next_look BIGINT,
  decided_by TEXT,
  note TEXT,
  sealed BYTEA,
  -- Whether the store has forgotten something since this was armed.
  lapsed BOOLEAN NOT NULL DEFAULT false,
  -- Whether anything may have been sent under this name by a try that has ended. Never taken back.
  sent BOOLEAN NOT NULL DEFAULT false,
  -- The number of the newest line of its log.
  lines BIGINT NOT NULL DEFAULT 1
);

CREATE INDEX recurring_attempts_to_look ON recurring.recurring_attempts (next_look) WHERE state IN ('unknown', 'pending');
CREATE INDEX recurring_attempts_owned ON recurring.recurring_attempts (owner) WHERE owner IS NOT NULL;
CREATE INDEX recurring_attempts_due ON recurring.recurring_attempts (created) WHERE state = 'planned' AND sealed IS NOT NULL;
-- A payment belongs to one attempt. Refunds and captures name the payment that they change.
CREATE UNIQUE INDEX recurring_attempts_payment ON recurring.recurring_attempts (provider, payment)
  WHERE payment IS NOT NULL AND operation IN ('charge', 'schedule', 'first_payment');
CREATE INDEX recurring_attempts_open ON recurring.recurring_attempts (provider, payment)
  WHERE state IN ('armed', 'pending', 'unknown', 'review') AND payment IS NOT NULL;

-- What happened to each attempt, written by the database itself, so that no change can be without its line.
CREATE TABLE recurring.recurring_events (
  attempt TEXT COLLATE "C" NOT NULL,
  line BIGINT NOT NULL,
  at BIGINT NOT NULL,
  what TEXT NOT NULL,
  payment TEXT,
  owner TEXT,
  note TEXT,
  PRIMARY KEY (attempt, line)
);

CREATE FUNCTION recurring.recurring_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO recurring.recurring_events (attempt, line, at, what, payment, owner, note)
    VALUES (new.attempt, new.lines, new.updated, new.state, new.payment, new.owner,
      CASE WHEN new.decided_by IS NULL THEN new.note ELSE new.decided_by || ': ' || coalesce(new.note, '') END);
  RETURN NULL;
END $$;
CREATE TRIGGER recurring_attempts_logged AFTER INSERT OR UPDATE ON recurring.recurring_attempts
  FOR EACH ROW EXECUTE FUNCTION recurring.recurring_log();

CREATE FUNCTION recurring.recurring_log_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the log is only ever added to';
END $$;
CREATE TRIGGER recurring_events_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON recurring.recurring_events
  FOR EACH STATEMENT EXECUTE FUNCTION recurring.recurring_log_stays();

CREATE TABLE recurring.recurring_inbox (
  provider TEXT NOT NULL,
  dedupe_key TEXT NOT NULL,
  authenticity TEXT NOT NULL,
  event TEXT,
  payment TEXT,
  merchant_reference TEXT,
  first_received BIGINT NOT NULL,
  last_received BIGINT NOT NULL,
  times BIGINT NOT NULL,
  handled BIGINT,
  PRIMARY KEY (provider, dedupe_key)
);

CREATE INDEX recurring_inbox_unhandled ON recurring.recurring_inbox (first_received) WHERE handled IS NULL;
