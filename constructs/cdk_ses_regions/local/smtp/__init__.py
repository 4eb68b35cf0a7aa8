"""Mail over SMTP as SES takes it: one door a Region, which runs the receipt rules."""
