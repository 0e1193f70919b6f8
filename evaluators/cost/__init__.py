"""What a plan costs: what it demands, what this machine gives, the estimate, and what was measured beside it."""
