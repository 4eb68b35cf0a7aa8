"""SES receiving: the receipt rules, and what they do with a mail."""
