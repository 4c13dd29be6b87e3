-- A journal of version 4, made with the tables of commit bb73824, which are those of the last version 3, and dumped.
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE recurring_schema (
  version INTEGER NOT NULL,
  identity TEXT NOT NULL,
  created INTEGER NOT NULL,
  copied INTEGER
) STRICT;
INSERT INTO recurring_schema VALUES(4,'3b9d3f0e-58a5-4f0c-9a55-1d1a7b3f2c10',1764000000000,NULL);
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
INSERT INTO recurring_attempts VALUES('armed-lost','revio','charge',4000,'EUR','61726d65642d6c6f7374000000000000','armed','0123456789abcdef0123456789abcdef',1,1764001800000,'purchase-armed',NULL,1764000000000,1764000001000,1764000000000,0,0,NULL,NULL,NULL,NULL,0,0,1);
INSERT INTO recurring_attempts VALUES('capture-paid','revio','capture',NULL,NULL,'636170747572652d7061696400000000','paid',NULL,1,NULL,'purchase-2','{"outcome":"paid","status":"hold"}',1764000000000,1764000001000,1764000000000,0,0,NULL,NULL,NULL,NULL,0,1,1);
INSERT INTO recurring_attempts VALUES('charge-paid','revio','charge',4000,'EUR','6368617267652d706169640000000000','paid',NULL,1,NULL,'purchase-1','{"outcome":"paid","status":"paid"}',1764000000000,1764000001000,1764000000000,0,0,NULL,NULL,NULL,NULL,0,1,1);
INSERT INTO recurring_attempts VALUES('decided','revio','charge',4000,'EUR','64656369646564000000000000000000','not_applied',NULL,3,NULL,'purchase-5',NULL,1764000000000,1764000001000,1764000000000,2,1,NULL,'ann','not in the portal',NULL,0,1,1);
INSERT INTO recurring_attempts VALUES('declined','revio','charge',4000,'EUR','6465636c696e65640000000000000000','declined',NULL,1,NULL,'purchase-3','{"outcome":"declined","status":"error","reason":"insufficient_funds","code":"51","message":"Insufficient funds"}',1764000000000,1764000001000,1764000000000,0,0,NULL,NULL,NULL,NULL,0,1,1);
INSERT INTO recurring_attempts VALUES('held','revio','charge',4000,'EUR','68656c64000000000000000000000000','authorized',NULL,1,NULL,'purchase-held','{"outcome":"authorized","status":"hold"}',1764000000000,1764000001000,1764000000000,0,0,NULL,NULL,NULL,NULL,0,1,1);
INSERT INTO recurring_attempts VALUES('not-found','revio','charge',4000,'EUR','6e6f742d666f756e6400000000000000','not_applied',NULL,3,NULL,'purchase-4',NULL,1764000000000,1764000001000,1764000000000,2,2,NULL,NULL,'looked up twice',NULL,0,1,1);
INSERT INTO recurring_attempts VALUES('pending','tokenpay-signed','first_payment',4000,'EUR','70656e64696e67000000000000000000','pending',NULL,1,NULL,NULL,'{"outcome":"action_required","status":"waiting","redirect":"https://pay.example.com/1"}',1764000000000,1764000001000,1764000000000,2,0,1764000060000,NULL,NULL,NULL,0,1,1);
INSERT INTO recurring_attempts VALUES('planned','revio','charge',4000,'EUR','706c616e6e6564000000000000000000','planned',NULL,0,NULL,NULL,NULL,1764000000000,1764000001000,NULL,0,0,NULL,NULL,NULL,X'00ff',0,0,1);
INSERT INTO recurring_attempts VALUES('refund-paid','revio','refund',1000,'EUR','726566756e642d706169640000000000','paid',NULL,1,NULL,'purchase-1','{"outcome":"paid","status":"refunded"}',1764000000000,1764000001000,1764000000000,0,0,NULL,NULL,NULL,NULL,0,1,1);
INSERT INTO recurring_attempts VALUES('refused','emspay','charge',4000,'EUR','72656675736564000000000000000000','not_applied',NULL,1,NULL,NULL,'{"kind":"authentication","message":"the key was refused"}',1764000000000,1764000001000,1764000000000,0,0,NULL,NULL,NULL,NULL,0,0,1);
INSERT INTO recurring_attempts VALUES('review','omno','charge',4000,'EUR','72657669657700000000000000000000','review',NULL,3,NULL,NULL,NULL,1764000000000,1764000001000,1764000000000,1,0,NULL,NULL,'nothing found twice, which proves nothing at this gateway',NULL,0,1,1);
INSERT INTO recurring_attempts VALUES('schedule-paid','ngenius','schedule',4000,'EUR','7363686564756c652d70616964000000','paid',NULL,1,NULL,'order-1','{"outcome":"paid","status":"PURCHASED"}',1764000000000,1764000001000,1764000000000,0,0,NULL,'ann','seen in the portal',NULL,0,1,1);
INSERT INTO recurring_attempts VALUES('unknown','revio','charge',4000,'EUR','756e6b6e6f776e000000000000000000','unknown',NULL,2,NULL,'purchase-6','{"kind":"transport","message":"the connection broke"}',1764000000000,1764000001000,1764000000000,0,0,1764000030000,NULL,NULL,NULL,0,1,1);
INSERT INTO recurring_attempts VALUES('void','revio','charge',4000,'EUR','766f6964000000000000000000000000','canceled',NULL,1,NULL,'purchase-void','{"outcome":"canceled","status":"canceled"}',1764000000000,1764000001000,1764000000000,0,0,NULL,NULL,NULL,NULL,0,1,1);
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
INSERT INTO recurring_events VALUES('armed-lost',1,1764000001000,'armed','purchase-armed','0123456789abcdef0123456789abcdef',NULL);
INSERT INTO recurring_events VALUES('capture-paid',1,1764000001000,'paid','purchase-2',NULL,NULL);
INSERT INTO recurring_events VALUES('charge-paid',1,1764000001000,'paid','purchase-1',NULL,NULL);
INSERT INTO recurring_events VALUES('decided',1,1764000001000,'not_applied','purchase-5',NULL,'not in the portal');
INSERT INTO recurring_events VALUES('declined',1,1764000001000,'declined','purchase-3',NULL,NULL);
INSERT INTO recurring_events VALUES('held',1,1764000001000,'authorized','purchase-held',NULL,NULL);
INSERT INTO recurring_events VALUES('not-found',1,1764000001000,'not_applied','purchase-4',NULL,'looked up twice');
INSERT INTO recurring_events VALUES('pending',1,1764000001000,'pending',NULL,NULL,NULL);
INSERT INTO recurring_events VALUES('planned',1,1764000001000,'planned',NULL,NULL,NULL);
INSERT INTO recurring_events VALUES('refund-paid',1,1764000001000,'paid','purchase-1',NULL,NULL);
INSERT INTO recurring_events VALUES('refused',1,1764000001000,'not_applied',NULL,NULL,NULL);
INSERT INTO recurring_events VALUES('review',1,1764000001000,'review',NULL,NULL,'nothing found twice, which proves nothing at this gateway');
INSERT INTO recurring_events VALUES('schedule-paid',1,1764000001000,'paid','order-1',NULL,'seen in the portal');
INSERT INTO recurring_events VALUES('unknown',1,1764000001000,'unknown','purchase-6',NULL,NULL);
INSERT INTO recurring_events VALUES('void',1,1764000001000,'canceled','purchase-void',NULL,NULL);
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
INSERT INTO recurring_inbox VALUES('revio','k1','verified','purchase.paid','purchase-6',NULL,1764000000000,1764000000000,1,NULL);
CREATE INDEX recurring_attempts_to_look ON recurring_attempts (next_look) WHERE state IN ('unknown', 'pending');
CREATE INDEX recurring_attempts_owned ON recurring_attempts (owner) WHERE owner IS NOT NULL;
CREATE INDEX recurring_attempts_due ON recurring_attempts (created) WHERE state = 'planned' AND sealed IS NOT NULL;
CREATE UNIQUE INDEX recurring_attempts_payment ON recurring_attempts (provider, payment)
  WHERE payment IS NOT NULL AND operation IN ('charge', 'schedule', 'first_payment');
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
CREATE TRIGGER recurring_events_stay BEFORE UPDATE ON recurring_events BEGIN
  SELECT raise(ABORT, 'the log is only ever added to');
END;
CREATE TRIGGER recurring_events_are_kept BEFORE DELETE ON recurring_events BEGIN
  SELECT raise(ABORT, 'the log is only ever added to');
END;
CREATE INDEX recurring_inbox_unhandled ON recurring_inbox (first_received) WHERE handled IS NULL;
COMMIT;
PRAGMA user_version = 4;
