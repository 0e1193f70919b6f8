"""Every word of ours and what it means here. Six are enough to use the hub; `hub show WORD` tells the others.

The table in catalog/README.md is this one, held equal by a test.
"""

from __future__ import annotations

#: Enough to use it.
SIX = {
    "model": "pre-trained weights that one adapts (a base); what `hub list` lists",
    "task": "labelled data, and what counts as better on them; personal if it is only on somebody's command line",
    "strategy": "how a model is adapted, from nothing trained to everything trained",
    "report": "what was measured of a model, and what the rules said of it",
    "approved": "a signed record says that this model may be used for this task, and with which strategy",
    "pull": "to bring approved bytes into a project, verified, and pinned in `hub.lock`",
}

#: What the files, the reports and the code say beside.
MORE = {
    "adapted model": "one model, one strategy, one task: what `hub adapt` writes",
    "baseline": "a floor that a strategy must beat: majority, TF-IDF or pixels with logistic regression, from scratch",
    "candidate": "a model as it is measured: verified bytes, and how inputs reach them",
    "card": "the file in the catalog that says what a model is, whose it is, and what it may be used for",
    "catalog": "the folder, reviewed by pull request, of cards, tasks, protocols and policies",
    "cell": "one measurement: model, strategy, task, number of labels, run",
    "digest": "sha256 of what something is; names are for people",
    "draw": "which labels of the pool a run is trained on",
    "evidence": "the signed document that a report shows: findings and observations",
    "final": "an evaluation that opens the locked test; what an approval rests on",
    "findings": "the half of the evidence that would be measured again",
    "gate": "what judges evidence by the rules of a policy",
    "incumbent": "the model and strategy approved for a task now, which a newcomer must meet",
    "ladder": "all strategies, lightest first",
    "lineage": "where an adapted model comes from: `NAME@digest` of its base",
    "lock": "the sizes and digests of a model's files, beside its card",
    "locked test": "samples whose labels open only for `--final`; every read is counted",
    "margin": "the smallest difference that matters to a task's owner",
    "observations": "the half of the evidence that happened to be so: time, memory, machine, versions",
    "policy": "the organization's rules and waivers, as a file",
    "promotion log": "all approvals and withdrawals, signed, each citing the one before",
    "protocol": "numbers of labels, runs and settings of a measurement; what is compared has one protocol",
    "rule": "one demand of a policy; it ends as pass, fail, insufficient evidence or not applicable",
    "run": "one repetition, with its own draw and seed; what is compared has the same runs",
    "seed": "what initialisation and order are drawn from",
    "shifted set": "a task under other conditions: typos, rotation, noise, out of scope",
    "test-access log": "who read which locked test, and how often",
    "waiver": "a dated exception from a rule for one model, with reason and owner",
}


def meaning(word: str) -> str | None:
    """Return what a word means here; None if it is none of ours."""
    return {**SIX, **MORE}.get(" ".join(word.lower().split()))


def glossary_table() -> str:
    """Return the glossary as a Markdown table, the six words first, ending in a newline."""
    rows = "".join(f"| {word} | {text} |\n" for word, text in {**SIX, **MORE}.items())
    return f"| word | what it means here |\n|---|---|\n{rows}"
