"""What is fast and what is not, as ratios of one run: `python -m benchmarks`, or `make bench`."""
