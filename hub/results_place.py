"""Where results are kept, and with them the test-access log: those who share a store share one count of its reads.

In: what was chosen, HUB_RESULTS, HUB_HOME. Out: the store; the log that lies in it.
"""

from __future__ import annotations

import os

from evaluators.recall import Recall
from evaluators.results import ResultStore
from evaluators.test_access import TestAccessLog
from hub.home import Home


def results_at(chosen: str | None, home: Home) -> ResultStore:
    """Return the result store: as chosen, by HUB_RESULTS, or under HUB_HOME.

    Args:
        chosen: Folder or URL; None: nothing was chosen.
        home: HUB_HOME.
    """
    return ResultStore(chosen or os.environ.get("HUB_RESULTS") or home.results, Recall())


def shown(results: ResultStore) -> str:
    """Return where results lie as people are told it: without what a URL says of user and password."""
    scheme, separator, rest = results.location.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{separator}{host.rpartition('@')[2]}{slash}{path}" if separator else results.location


def access_log(results: ResultStore) -> TestAccessLog:
    """Return the log of who read which locked test, which lies with the results."""
    return TestAccessLog(f"{results.location}/test-access")
