-- Version 3: paid, authorized and canceled in place of approved.
ALTER TABLE recurring.recurring_attempts DROP CONSTRAINT recurring_attempts_state_check;

-- Approved meant that the money was taken or that it was held. A refund can only have been made. Of a capture neither is
-- shown by the payment, so it goes to manual review. A charge is read at the gateway: pending is never sent again, and
-- never becomes a failure because nothing is found.
UPDATE recurring.recurring_attempts
SET lines = lines + 1, fence = fence + 1, owner = NULL, lease_until = NULL, looks = 0, nothing_found = 0,
  state = CASE operation WHEN 'refund' THEN 'paid' WHEN 'capture' THEN 'review' ELSE 'pending' END,
  next_look = CASE WHEN operation NOT IN ('refund', 'capture')
    THEN (extract(epoch FROM clock_timestamp()) * 1000)::bigint END,
  updated = (extract(epoch FROM clock_timestamp()) * 1000)::bigint,
  decided_by = NULL,
  note = 'migrated from version 2, in which "approved" stood for paid and for authorized'
WHERE state = 'approved';

-- The words of an answer. This is how they are written, not a change of the attempt, so it leaves no line in its log.
ALTER TABLE recurring.recurring_attempts DISABLE TRIGGER recurring_attempts_logged;
UPDATE recurring.recurring_attempts
SET ending = CASE
    WHEN ending::jsonb ->> 'outcome' = 'customer_needed'
      THEN jsonb_set(ending::jsonb, '{outcome}', '"action_required"')
    WHEN operation = 'refund' THEN jsonb_set(ending::jsonb, '{outcome}', '"paid"')
    ELSE ending::jsonb - 'outcome'
  END::text
WHERE ending::jsonb ->> 'outcome' IN ('approved', 'customer_needed');
ALTER TABLE recurring.recurring_attempts ENABLE TRIGGER recurring_attempts_logged;

ALTER TABLE recurring.recurring_attempts ADD CONSTRAINT recurring_attempts_state_check CHECK (state IN
  ('planned', 'armed', 'paid', 'authorized', 'pending', 'declined', 'canceled', 'not_applied', 'unknown', 'review'));
