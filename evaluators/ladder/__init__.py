"""The rows of the ladder, one file a tier; `evaluators/strategy.py` puts them in order."""
