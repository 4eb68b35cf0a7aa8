"""The `ses-regions` command line. Nothing here imports CDK, so it needs no Node."""
