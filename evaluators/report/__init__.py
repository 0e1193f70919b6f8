"""Evidence and decision as a page that people read."""
