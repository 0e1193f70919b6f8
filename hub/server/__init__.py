"""Starting the MLflow UI on the hub's store."""
