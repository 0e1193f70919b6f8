"""The model registry in our words, and MLflow's implementation of it. Nothing here is authority: records are."""
