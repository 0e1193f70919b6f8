"""Adapted models: one base, one strategy, one task. Made, described, approved; the files are the nouns.

`hub adapt`: `preparation` to `training`, which writes `lineage`, `card` and `recipe`. `hub.load_adapted`: `model`.
`hub promote --adapted`: `promotion` tells the order of `grounds`, `evidence`, `gate` and `record`.
"""
