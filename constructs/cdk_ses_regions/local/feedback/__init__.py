"""What SES tells of mails, and to whom: topics, event destinations, email."""
