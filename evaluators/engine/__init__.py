"""The only part that computes: encoding, heads, training. One file a family of strategies."""
