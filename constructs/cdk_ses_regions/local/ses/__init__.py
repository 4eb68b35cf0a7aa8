"""What all of SES shares: where requests come in, and what SES may do to targets that are not its own."""
