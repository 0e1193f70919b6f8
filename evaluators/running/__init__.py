"""Running a plan: who computes its nodes, where, with what, and what is kept."""
