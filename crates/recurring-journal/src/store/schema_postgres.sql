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
  -- Which try of which period of a series (a subscription) this is.
  series TEXT COLLATE "C",
  period TEXT COLLATE "C",
  try BIGINT,
  -- Whether this is the try of its period that may be open or paid. It is none any more when it is declined, canceled or
  -- not applied, and what is learned of it later does not make it one again: then two are open, which is reviewed.
  holds_period BOOLEAN NOT NULL DEFAULT false,
  -- Of the credential, and of this journal: the attempts that were made with one credential have the same.
  credential TEXT,
  -- When its log left for a file. The row stays, so that its name and its payment stay taken.
  archived BIGINT,
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
-- The list of each state but the two that most attempts end in, and how many are open and how old.
CREATE INDEX recurring_attempts_unsettled ON recurring.recurring_attempts (state, attempt, provider, operation, armed, created)
  WHERE state NOT IN ('paid', 'declined');
-- The tries of a series in their order. Each number is given once.
CREATE UNIQUE INDEX recurring_attempts_series ON recurring.recurring_attempts (series, period, try) WHERE series IS NOT NULL;
-- Of the tries of one period at most one is open or paid, whatever two machines do at once.
CREATE UNIQUE INDEX recurring_attempts_period ON recurring.recurring_attempts (series, period) WHERE holds_period;
CREATE INDEX recurring_attempts_credential ON recurring.recurring_attempts (credential) WHERE credential IS NOT NULL;

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
CREATE TRIGGER recurring_events_stay BEFORE UPDATE OR TRUNCATE ON recurring.recurring_events
  FOR EACH STATEMENT EXECUTE FUNCTION recurring.recurring_log_stays();

-- The log of an archived attempt is in a file, whose digest its newest line names: only that line has to stay.
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
