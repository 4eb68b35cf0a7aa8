"""Sending: from an accepted request to the recipient's door, the mailbox simulator or the local outbox."""
