"""The evaluation harness: base model x transfer strategy x task x train size x run, measured and compared.

It imports nothing of `hub`, so it runs alone on a GPU machine, in tests and under any scheduler. The light modules
(candidate, task, protocol, strategy, cell, plan, evidence) describe the work; `engine` and `backbones` compute.
"""
