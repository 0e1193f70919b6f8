"""Advice from evidence, over documents: what to take, why, and what more labels would bring."""
