-- A journal of version 4, made with the tables of commit bb73824, which are those of the last version 3, and dumped.
SELECT pg_catalog.set_config('search_path', '', false);
CREATE SCHEMA recurring;
CREATE FUNCTION recurring.recurring_log() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
  INSERT INTO recurring.recurring_events (attempt, line, at, what, payment, owner, note)
    VALUES (new.attempt, new.lines, new.updated, new.state, new.payment, new.owner,
      CASE WHEN new.decided_by IS NULL THEN new.note ELSE new.decided_by || ': ' || coalesce(new.note, '') END);
  RETURN NULL;
END $$;
CREATE FUNCTION recurring.recurring_log_stays() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
  RAISE EXCEPTION 'the log is only ever added to';
END $$;
CREATE TABLE recurring.recurring_attempts (
    attempt text NOT NULL COLLATE pg_catalog."C",
    provider text NOT NULL,
    operation text NOT NULL,
    amount bigint,
    currency text,
    fingerprint text NOT NULL,
    state text NOT NULL,
    owner text,
    fence bigint DEFAULT 0 NOT NULL,
    lease_until bigint,
    payment text,
    ending text,
    created bigint NOT NULL,
    updated bigint NOT NULL,
    armed bigint,
    looks bigint DEFAULT 0 NOT NULL,
    nothing_found bigint DEFAULT 0 NOT NULL,
    next_look bigint,
    decided_by text,
    note text,
    sealed bytea,
    lapsed boolean DEFAULT false NOT NULL,
    sent boolean DEFAULT false NOT NULL,
    lines bigint DEFAULT 1 NOT NULL,
    CONSTRAINT recurring_attempts_state_check CHECK ((state = ANY (ARRAY['planned'::text, 'armed'::text, 'paid'::text, 'authorized'::text, 'pending'::text, 'declined'::text, 'canceled'::text, 'not_applied'::text, 'unknown'::text, 'review'::text])))
);
CREATE TABLE recurring.recurring_events (
    attempt text NOT NULL COLLATE pg_catalog."C",
    line bigint NOT NULL,
    at bigint NOT NULL,
    what text NOT NULL,
    payment text,
    owner text,
    note text
);
CREATE TABLE recurring.recurring_failovers (
    at bigint NOT NULL,
    before text NOT NULL,
    now text NOT NULL,
    decided_by text NOT NULL,
    note text NOT NULL
);
CREATE TABLE recurring.recurring_inbox (
    provider text NOT NULL,
    dedupe_key text NOT NULL,
    authenticity text NOT NULL,
    event text,
    payment text,
    merchant_reference text,
    first_received bigint NOT NULL,
    last_received bigint NOT NULL,
    times bigint NOT NULL,
    handled bigint
);
CREATE TABLE recurring.recurring_schema (
    version bigint NOT NULL,
    identity text NOT NULL,
    created bigint NOT NULL,
    stamp text NOT NULL
);
INSERT INTO recurring.recurring_attempts VALUES ('planned', 'revio', 'charge', 4000, 'EUR', '706c616e6e6564000000000000000000', 'planned', NULL, 0, NULL, NULL, NULL, 1764000000000, 1764000001000, NULL, 0, 0, NULL, NULL, NULL, '\x00ff', false, false, 1);
INSERT INTO recurring.recurring_attempts VALUES ('armed-lost', 'revio', 'charge', 4000, 'EUR', '61726d65642d6c6f7374000000000000', 'armed', '0123456789abcdef0123456789abcdef', 1, 1764001800000, 'purchase-armed', NULL, 1764000000000, 1764000001000, 1764000000000, 0, 0, NULL, NULL, NULL, NULL, false, false, 1);
INSERT INTO recurring.recurring_attempts VALUES ('charge-paid', 'revio', 'charge', 4000, 'EUR', '6368617267652d706169640000000000', 'paid', NULL, 1, NULL, 'purchase-1', '{"outcome":"paid","status":"paid"}', 1764000000000, 1764000001000, 1764000000000, 0, 0, NULL, NULL, NULL, NULL, false, true, 1);
INSERT INTO recurring.recurring_attempts VALUES ('schedule-paid', 'ngenius', 'schedule', 4000, 'EUR', '7363686564756c652d70616964000000', 'paid', NULL, 1, NULL, 'order-1', '{"outcome":"paid","status":"PURCHASED"}', 1764000000000, 1764000001000, 1764000000000, 0, 0, NULL, 'ann', 'seen in the portal', NULL, false, true, 1);
INSERT INTO recurring.recurring_attempts VALUES ('refund-paid', 'revio', 'refund', 1000, 'EUR', '726566756e642d706169640000000000', 'paid', NULL, 1, NULL, 'purchase-1', '{"outcome":"paid","status":"refunded"}', 1764000000000, 1764000001000, 1764000000000, 0, 0, NULL, NULL, NULL, NULL, false, true, 1);
INSERT INTO recurring.recurring_attempts VALUES ('capture-paid', 'revio', 'capture', NULL, NULL, '636170747572652d7061696400000000', 'paid', NULL, 1, NULL, 'purchase-2', '{"outcome":"paid","status":"hold"}', 1764000000000, 1764000001000, 1764000000000, 0, 0, NULL, NULL, NULL, NULL, false, true, 1);
INSERT INTO recurring.recurring_attempts VALUES ('held', 'revio', 'charge', 4000, 'EUR', '68656c64000000000000000000000000', 'authorized', NULL, 1, NULL, 'purchase-held', '{"outcome":"authorized","status":"hold"}', 1764000000000, 1764000001000, 1764000000000, 0, 0, NULL, NULL, NULL, NULL, false, true, 1);
INSERT INTO recurring.recurring_attempts VALUES ('void', 'revio', 'charge', 4000, 'EUR', '766f6964000000000000000000000000', 'canceled', NULL, 1, NULL, 'purchase-void', '{"outcome":"canceled","status":"canceled"}', 1764000000000, 1764000001000, 1764000000000, 0, 0, NULL, NULL, NULL, NULL, false, true, 1);
INSERT INTO recurring.recurring_attempts VALUES ('declined', 'revio', 'charge', 4000, 'EUR', '6465636c696e65640000000000000000', 'declined', NULL, 1, NULL, 'purchase-3', '{"outcome":"declined","status":"error","reason":"insufficient_funds","code":"51","message":"Insufficient funds"}', 1764000000000, 1764000001000, 1764000000000, 0, 0, NULL, NULL, NULL, NULL, false, true, 1);
INSERT INTO recurring.recurring_attempts VALUES ('pending', 'tokenpay-signed', 'first_payment', 4000, 'EUR', '70656e64696e67000000000000000000', 'pending', NULL, 1, NULL, NULL, '{"outcome":"action_required","status":"waiting","redirect":"https://pay.example.com/1"}', 1764000000000, 1764000001000, 1764000000000, 2, 0, 1764000060000, NULL, NULL, NULL, false, true, 1);
INSERT INTO recurring.recurring_attempts VALUES ('refused', 'emspay', 'charge', 4000, 'EUR', '72656675736564000000000000000000', 'not_applied', NULL, 1, NULL, NULL, '{"kind":"authentication","message":"the key was refused"}', 1764000000000, 1764000001000, 1764000000000, 0, 0, NULL, NULL, NULL, NULL, false, false, 1);
INSERT INTO recurring.recurring_attempts VALUES ('not-found', 'revio', 'charge', 4000, 'EUR', '6e6f742d666f756e6400000000000000', 'not_applied', NULL, 3, NULL, 'purchase-4', NULL, 1764000000000, 1764000001000, 1764000000000, 2, 2, NULL, NULL, 'looked up twice', NULL, false, true, 1);
INSERT INTO recurring.recurring_attempts VALUES ('decided', 'revio', 'charge', 4000, 'EUR', '64656369646564000000000000000000', 'not_applied', NULL, 3, NULL, 'purchase-5', NULL, 1764000000000, 1764000001000, 1764000000000, 2, 1, NULL, 'ann', 'not in the portal', NULL, false, true, 1);
INSERT INTO recurring.recurring_attempts VALUES ('unknown', 'revio', 'charge', 4000, 'EUR', '756e6b6e6f776e000000000000000000', 'unknown', NULL, 2, NULL, 'purchase-6', '{"kind":"transport","message":"the connection broke"}', 1764000000000, 1764000001000, 1764000000000, 0, 0, 1764000030000, NULL, NULL, NULL, false, true, 1);
INSERT INTO recurring.recurring_attempts VALUES ('review', 'omno', 'charge', 4000, 'EUR', '72657669657700000000000000000000', 'review', NULL, 3, NULL, NULL, NULL, 1764000000000, 1764000001000, 1764000000000, 1, 0, NULL, NULL, 'nothing found twice, which proves nothing at this gateway', NULL, false, true, 1);
INSERT INTO recurring.recurring_events VALUES ('planned', 1, 1764000001000, 'planned', NULL, NULL, NULL);
INSERT INTO recurring.recurring_events VALUES ('armed-lost', 1, 1764000001000, 'armed', 'purchase-armed', '0123456789abcdef0123456789abcdef', NULL);
INSERT INTO recurring.recurring_events VALUES ('charge-paid', 1, 1764000001000, 'paid', 'purchase-1', NULL, NULL);
INSERT INTO recurring.recurring_events VALUES ('schedule-paid', 1, 1764000001000, 'paid', 'order-1', NULL, 'ann: seen in the portal');
INSERT INTO recurring.recurring_events VALUES ('refund-paid', 1, 1764000001000, 'paid', 'purchase-1', NULL, NULL);
INSERT INTO recurring.recurring_events VALUES ('capture-paid', 1, 1764000001000, 'paid', 'purchase-2', NULL, NULL);
INSERT INTO recurring.recurring_events VALUES ('held', 1, 1764000001000, 'authorized', 'purchase-held', NULL, NULL);
INSERT INTO recurring.recurring_events VALUES ('void', 1, 1764000001000, 'canceled', 'purchase-void', NULL, NULL);
INSERT INTO recurring.recurring_events VALUES ('declined', 1, 1764000001000, 'declined', 'purchase-3', NULL, NULL);
INSERT INTO recurring.recurring_events VALUES ('pending', 1, 1764000001000, 'pending', NULL, NULL, NULL);
INSERT INTO recurring.recurring_events VALUES ('refused', 1, 1764000001000, 'not_applied', NULL, NULL, NULL);
INSERT INTO recurring.recurring_events VALUES ('not-found', 1, 1764000001000, 'not_applied', 'purchase-4', NULL, 'looked up twice');
INSERT INTO recurring.recurring_events VALUES ('decided', 1, 1764000001000, 'not_applied', 'purchase-5', NULL, 'ann: not in the portal');
INSERT INTO recurring.recurring_events VALUES ('unknown', 1, 1764000001000, 'unknown', 'purchase-6', NULL, NULL);
INSERT INTO recurring.recurring_events VALUES ('review', 1, 1764000001000, 'review', NULL, NULL, 'nothing found twice, which proves nothing at this gateway');
INSERT INTO recurring.recurring_inbox VALUES ('revio', 'k1', 'verified', 'purchase.paid', 'purchase-6', NULL, 1764000000000, 1764000000000, 1, NULL);
INSERT INTO recurring.recurring_schema VALUES (4, '3b9d3f0e-58a5-4f0c-9a55-1d1a7b3f2c10', 1764000000000, '00000001/7000000000000000000/5/16385');
ALTER TABLE ONLY recurring.recurring_attempts
    ADD CONSTRAINT recurring_attempts_pkey PRIMARY KEY (attempt);
ALTER TABLE ONLY recurring.recurring_events
    ADD CONSTRAINT recurring_events_pkey PRIMARY KEY (attempt, line);
ALTER TABLE ONLY recurring.recurring_inbox
    ADD CONSTRAINT recurring_inbox_pkey PRIMARY KEY (provider, dedupe_key);
CREATE INDEX recurring_attempts_due ON recurring.recurring_attempts USING btree (created) WHERE ((state = 'planned'::text) AND (sealed IS NOT NULL));
CREATE INDEX recurring_attempts_open ON recurring.recurring_attempts USING btree (provider, payment) WHERE ((state = ANY (ARRAY['armed'::text, 'pending'::text, 'unknown'::text, 'review'::text])) AND (payment IS NOT NULL));
CREATE INDEX recurring_attempts_owned ON recurring.recurring_attempts USING btree (owner) WHERE (owner IS NOT NULL);
CREATE UNIQUE INDEX recurring_attempts_payment ON recurring.recurring_attempts USING btree (provider, payment) WHERE ((payment IS NOT NULL) AND (operation = ANY (ARRAY['charge'::text, 'schedule'::text, 'first_payment'::text])));
CREATE INDEX recurring_attempts_to_look ON recurring.recurring_attempts USING btree (next_look) WHERE (state = ANY (ARRAY['unknown'::text, 'pending'::text]));
CREATE INDEX recurring_inbox_unhandled ON recurring.recurring_inbox USING btree (first_received) WHERE (handled IS NULL);
CREATE TRIGGER recurring_attempts_logged AFTER INSERT OR UPDATE ON recurring.recurring_attempts FOR EACH ROW EXECUTE FUNCTION recurring.recurring_log();
CREATE TRIGGER recurring_events_stay BEFORE DELETE OR UPDATE OR TRUNCATE ON recurring.recurring_events FOR EACH STATEMENT EXECUTE FUNCTION recurring.recurring_log_stays();
