"""Measure every figure in the documentation: `make bench`."""
