"""The command line: one file a noun. `hub.cli.main` holds the map of commands."""
