"""Measurements, never part of the tests: `make bench`, or `python -m benchmarks NAME...`."""
