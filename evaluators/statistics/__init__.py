"""Intervals, paired tests and power. NumPy and SciPy only."""
