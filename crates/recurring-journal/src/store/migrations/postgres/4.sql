-- Version 4: whether anything may have been sent under a name. Everything that was ever armed, or that an operator found at
-- a gateway, may have been. The log is of what happens to an attempt: this is none of it.
ALTER TABLE recurring.recurring_attempts DISABLE TRIGGER recurring_attempts_logged;
ALTER TABLE recurring.recurring_attempts ADD COLUMN IF NOT EXISTS sent BOOLEAN NOT NULL DEFAULT true;
ALTER TABLE recurring.recurring_attempts ALTER COLUMN sent SET DEFAULT false;
UPDATE recurring.recurring_attempts SET sent = false WHERE sent AND state = 'planned' AND armed IS NULL;
ALTER TABLE recurring.recurring_attempts ENABLE TRIGGER recurring_attempts_logged;

-- A payment belongs to one attempt. Where two have it, it is not known whose it is: all of them go to manual review with
-- the others named, and only the oldest keeps the payment.
WITH own AS (
  SELECT attempt, provider, payment, count(*) OVER same AS holders,
    first_value(attempt) OVER (same ORDER BY coalesce(armed, created), attempt) AS oldest
  FROM recurring.recurring_attempts
  WHERE payment IS NOT NULL AND operation IN ('charge', 'schedule', 'first_payment')
  WINDOW same AS (PARTITION BY provider, payment)
), doubled AS (
  SELECT attempt, payment, oldest, string_agg(attempt, ', ') OVER (PARTITION BY provider, payment) AS names
  FROM own WHERE holders > 1
)
UPDATE recurring.recurring_attempts AS a
SET lines = lines + 1, fence = fence + 1, owner = NULL, lease_until = NULL, state = 'review', next_look = NULL,
  updated = (extract(epoch FROM clock_timestamp()) * 1000)::bigint, decided_by = NULL,
  payment = CASE WHEN a.attempt = doubled.oldest THEN a.payment END,
  note = 'the payment ' || doubled.payment || ' is recorded for more than one attempt: ' || doubled.names
    || '; compare them with the gateway'
FROM doubled WHERE a.attempt = doubled.attempt;
CREATE UNIQUE INDEX IF NOT EXISTS recurring_attempts_payment ON recurring.recurring_attempts (provider, payment)
  WHERE payment IS NOT NULL AND operation IN ('charge', 'schedule', 'first_payment');
