"""What a person would run instead of the harness, for the same cells: the other side of `make bench`.

Nothing else imports this package, and no plan knows it. A peer receives a `PeerCell` (a draw, a recipe, what to
predict) and returns probabilities; it uses the libraries as their users do, and none of the engine. As such scripts do,
peers seed torch's global generator.
"""
