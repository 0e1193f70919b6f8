"""Outside checks: this program against numbers that others published, each with its source and its tolerance."""
