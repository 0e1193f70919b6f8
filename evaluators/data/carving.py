"""Carving splits out of one file: stratified, disjoint, complete, and the same however the file is sorted.

Who goes where is decided by a hash of (role, seed, content), so a row's place depends on the contents and labels of the
file and not on their order. Rows of equal content go together, so carving never puts a copy of a training sample
into the test; where rows belong to groups, whole groups do.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256

import numpy as np

from evaluators.data.samples import IntArray

REST = "train"


def carve(
    digests: Sequence[str], labels: Sequence[str], *, shares: Mapping[str, float], seed: int
) -> dict[str, IntArray]:
    """Divide the rows of a file.

    Args:
        digests: Content digest of each row.
        labels: Label of each row.
        shares: Role -> share of the whole file, carved in this order. What is left is `train`.
        seed: Another seed gives another division.

    Returns:
        Role -> sorted row indices; together every row once. Each class has at least one distinct content in each role
        where it has enough of them; `train` comes first, then the roles in order.
    """
    strata: dict[str, list[str]] = defaultdict(list)
    for digest, label in sorted(label_of_content(digests, labels).items()):
        strata[label].append(digest)
    role_of: dict[str, str] = {}
    for contents in strata.values():
        role_of.update(_divide(contents, shares, seed))
    rows: dict[str, list[int]] = {role: [] for role in (REST, *shares)}
    for row, digest in enumerate(digests):
        rows[role_of[digest]].append(row)
    return {role: np.array(chosen, dtype=np.int64) for role, chosen in rows.items()}


def together(digests: Sequence[str], groups: Sequence[str]) -> tuple[str, ...]:
    """Return one name a row, equal for rows that must not be parted: of one group, or of equal content.

    Groups that share a content are one, and so on: the name is that of the first group by its name.

    Args:
        digests: Content digest of each row.
        groups: Group of each row.
    """
    parent: dict[str, str] = {group: group for group in groups}

    def root(group: str) -> str:
        while parent[group] != group:
            parent[group] = parent[parent[group]]
            group = parent[group]
        return group

    first: dict[str, str] = {}
    for digest, group in zip(digests, groups, strict=True):
        one, other = sorted((root(first.setdefault(digest, group)), root(group)))
        parent[other] = one
    return tuple(f"group {root(group)}" for group in groups)


def label_of_content(digests: Sequence[str], labels: Sequence[str]) -> dict[str, str]:
    """Return one label a content: the first by name where rows of equal content disagree."""
    chosen: dict[str, str] = {}
    for digest, label in zip(digests, labels, strict=True):
        chosen[digest] = min(label, chosen.get(digest, label))
    return chosen


def _divide(contents: Sequence[str], shares: Mapping[str, float], seed: int) -> dict[str, str]:
    """Return the role of each content of one class."""
    left = set(contents)
    roles: dict[str, str] = {}
    for index, (role, share) in enumerate(shares.items()):
        later = len(shares) - index - 1
        # One stays for train, and one for each role still to come if there are enough.
        limit = max(len(left) - 1 - later, min(1, len(left) - 1))
        count = min(max(1, round(share * len(contents))), limit)
        chosen = _ranked(left, role, seed)[:count]
        roles.update(dict.fromkeys(chosen, role))
        left.difference_update(chosen)
    return {**roles, **dict.fromkeys(left, REST)}


def _ranked(contents: Iterable[str], role: str, seed: int) -> list[str]:
    return sorted(contents, key=lambda digest: sha256(f"{role}:{seed}:{digest}".encode()).digest())
