"""Amazon SES where ministack's differs: identities, verification, receipt rules, feedback, and who may do what."""
