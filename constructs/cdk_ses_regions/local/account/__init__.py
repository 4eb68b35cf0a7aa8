"""The account in one Region: sandbox, quotas, suppression list."""
