"""Metrics as NumPy functions, and thin `evaluate.Metric` adapters that a test holds equal to them."""
