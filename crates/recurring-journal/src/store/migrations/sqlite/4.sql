-- Version 4: a payment belongs to one attempt. Where two have it, it is not known whose it is: all of them go to manual
-- review with the others named, and only the oldest keeps the payment.
UPDATE recurring_attempts
SET lines = lines + 1, fence = fence + 1, owner = NULL, lease_until = NULL, state = 'review', next_look = NULL,
  updated = CAST(unixepoch('now', 'subsec') * 1000 AS INTEGER), decided_by = NULL,
  note = 'the payment ' || payment || ' is recorded for more than one attempt: ' || (
    SELECT group_concat(other.attempt, ', ') FROM recurring_attempts AS other
    WHERE other.provider = recurring_attempts.provider AND other.payment = recurring_attempts.payment
      AND other.operation IN ('charge', 'schedule', 'first_payment')
  ) || '; compare them with the gateway'
WHERE operation IN ('charge', 'schedule', 'first_payment') AND payment IS NOT NULL AND EXISTS (
  SELECT 1 FROM recurring_attempts AS other
  WHERE other.provider = recurring_attempts.provider AND other.payment = recurring_attempts.payment
    AND other.operation IN ('charge', 'schedule', 'first_payment') AND other.attempt <> recurring_attempts.attempt
);
UPDATE recurring_attempts SET lines = lines + 1, payment = NULL
WHERE operation IN ('charge', 'schedule', 'first_payment') AND payment IS NOT NULL AND EXISTS (
  SELECT 1 FROM recurring_attempts AS other
  WHERE other.provider = recurring_attempts.provider AND other.payment = recurring_attempts.payment
    AND other.operation IN ('charge', 'schedule', 'first_payment')
    AND (coalesce(other.armed, other.created), other.attempt)
      < (coalesce(recurring_attempts.armed, recurring_attempts.created), recurring_attempts.attempt)
);
CREATE UNIQUE INDEX IF NOT EXISTS recurring_attempts_payment ON recurring_attempts (provider, payment)
  WHERE payment IS NOT NULL AND operation IN ('charge', 'schedule', 'first_payment');
