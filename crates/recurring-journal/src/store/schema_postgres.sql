-- One row: the version of these tables, and the timeline of the server that they are on.
CREATE TABLE recurring_schema (version BIGINT NOT NULL, timeline BIGINT NOT NULL);

-- When a replica had taken over, and who took note of it.
CREATE TABLE recurring_fail_overs (
  at BIGINT NOT NULL,
  timeline_before BIGINT NOT NULL,
  timeline_now BIGINT NOT NULL,
  decided_by TEXT NOT NULL,
  note TEXT NOT NULL
);

CREATE TABLE recurring_attempts (
  attempt TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  provider TEXT NOT NULL,
  operation TEXT NOT NULL,
  amount BIGINT,
  currency TEXT,
  fingerprint TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN
    ('planned', 'armed', 'approved', 'declined', 'pending', 'not_applied', 'unknown', 'review')),
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
  -- The number of the newest line of its log.
  lines BIGINT NOT NULL DEFAULT 1
);

CREATE INDEX recurring_attempts_to_look ON recurring_attempts (next_look) WHERE state IN ('unknown', 'pending');
CREATE INDEX recurring_attempts_owned ON recurring_attempts (owner) WHERE state IN ('planned', 'armed');
CREATE INDEX recurring_attempts_due ON recurring_attempts (created) WHERE state = 'planned' AND sealed IS NOT NULL;
CREATE INDEX recurring_attempts_open ON recurring_attempts (provider, payment)
  WHERE state IN ('armed', 'pending', 'unknown', 'review') AND payment IS NOT NULL;

-- What happened to each attempt, written by the database itself, so that no change can be without its line.
CREATE TABLE recurring_events (
  attempt TEXT COLLATE "C" NOT NULL,
  line BIGINT NOT NULL,
  at BIGINT NOT NULL,
  what TEXT NOT NULL,
  payment TEXT,
  owner TEXT,
  note TEXT,
  PRIMARY KEY (attempt, line)
);

CREATE FUNCTION recurring_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO recurring_events (attempt, line, at, what, payment, owner, note)
    VALUES (new.attempt, new.lines, new.updated, new.state, new.payment, new.owner,
      CASE WHEN new.decided_by IS NULL THEN new.note ELSE new.decided_by || ': ' || coalesce(new.note, '') END);
  RETURN NULL;
END $$;
CREATE TRIGGER recurring_attempts_logged AFTER INSERT OR UPDATE ON recurring_attempts
  FOR EACH ROW EXECUTE FUNCTION recurring_log();

CREATE FUNCTION recurring_log_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the log is only ever added to';
END $$;
CREATE TRIGGER recurring_events_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON recurring_events
  FOR EACH STATEMENT EXECUTE FUNCTION recurring_log_stays();

CREATE TABLE recurring_inbox (
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

CREATE INDEX recurring_inbox_unhandled ON recurring_inbox (first_received) WHERE handled IS NULL;
