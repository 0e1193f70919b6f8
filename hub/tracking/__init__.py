"""Evaluation runs and logged models, for the people who look at them in the MLflow UI."""
