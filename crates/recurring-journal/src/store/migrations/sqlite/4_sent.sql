-- Version 4, for a journal that lacks it: whether anything may have been sent under a name. Everything that was ever
-- armed, or that an operator found at a gateway, may have been. The log is of what happens to an attempt: this is none
-- of it.
ALTER TABLE recurring_attempts ADD COLUMN sent INTEGER NOT NULL DEFAULT 0;
DROP TRIGGER recurring_attempts_changed;
UPDATE recurring_attempts SET sent = 1 WHERE NOT (state = 'planned' AND armed IS NULL);
CREATE TRIGGER recurring_attempts_changed AFTER UPDATE ON recurring_attempts BEGIN
  INSERT INTO recurring_events (attempt, line, at, what, payment, owner, note)
    VALUES (new.attempt, new.lines, new.updated, new.state, new.payment, new.owner,
      CASE WHEN new.decided_by IS NULL THEN new.note ELSE new.decided_by || ': ' || coalesce(new.note, '') END);
END;
