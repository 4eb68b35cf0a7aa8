"""What is deployed together: the configuration, translated into constructs."""
