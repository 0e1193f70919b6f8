"""Recipes of in-house bases: how a base model that nobody publishes is made, from a seed to its folder.

In: a frozen recipe, which holds every number. Out: a model folder of the form the catalog reads
(`model.safetensors`, `config.json`). Nothing in the harness imports this package: a person runs it.
"""
