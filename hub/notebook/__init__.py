"""The hub in a notebook: the functions that `import hub` offers, and what their results show."""
