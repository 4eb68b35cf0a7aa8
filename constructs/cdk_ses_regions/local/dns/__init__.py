"""The local DNS: the zones of the local Route 53, and SES's own names that they point to."""
