"""A reader sees how long an answer takes, on which machine, and what lies on disk for it."""

from __future__ import annotations

from evaluators.report.html_evidence import evidence_sections
from evaluators.report.markdown import evidence_markdown
from evaluators.report.serving_rows import serving_table
from evaluators.serving_evidence import Serving
from evaluators.wording import byte_count, milliseconds
from tests.synthetic import World, evidence


def timed(*rows):
    found = evidence(World())
    observed = found.observations
    here = next(iter(observed.environments))
    there = observed.environments[here].model_copy(
        update={"device": "cuda", "hardware": {"gpu": "NVIDIA H100"}}
    )
    values = {
        "task": "help-desk", "candidate": "mini", "strategy": "linear-probe", "labels_per_class": 8, "calls": 200,
        "p50": 0.0081, "p95": 0.0124, "p99": 0.02, "throughput": {"1": 95.0, "32": 1280.0},
        "trained_bytes": 5036, "base_bytes": 90_868_376, "environment": here,
    }  # fmt: skip
    serving = tuple(Serving.model_validate({**values, **row}) for row in rows)
    serving = tuple(
        row.model_copy(update={"environment": there.digest}) if row.environment == "gpu" else row
        for row in serving
    )
    environments = {**observed.environments, there.digest: there}
    changed = observed.model_copy(update={"serving": serving, "environments": environments})
    return found.model_copy(update={"observations": changed})


def test_rows_are_lightest_first_and_the_machine_is_named_once():
    table = serving_table(timed({"strategy": "full-finetune"}, {}), "help-desk")
    assert table.title == "How it answers on help-desk, on 2 cores of Synthetic"
    assert [row[0] for row in table.rows] == ["linear probe", "full fine-tuning"]
    assert table.rows[0] == ("linear probe", "mini", "8.1", "12", "20", "1,280, 32 a call", "5.0 kB", "91 MB")


def test_times_of_several_machines_stand_beside_their_machine():
    table = serving_table(timed({}, {"strategy": "lora", "environment": "gpu"}), "help-desk")
    assert table.columns[-1] == "on"
    assert [row[-1] for row in table.rows] == ["2 cores of Synthetic", "NVIDIA H100"]


def test_a_quantile_of_too_few_calls_is_left_empty():
    table = serving_table(timed({"p95": None, "p99": None}), "help-desk")
    assert table.rows[0][2:5] == ("8.1", "", "")


def test_both_pages_show_it_and_neither_where_nothing_was_timed():
    assert "How it answers on help-desk" in evidence_markdown(timed({}))
    assert "How it answers" not in evidence_markdown(evidence(World()))
    assert any("How it answers on help-desk" in str(part) for part in evidence_sections(timed({})))


def test_times_and_bytes_are_written_with_the_digits_that_count():
    assert [milliseconds(s) for s in (0.000003, 0.0000644, 0.0034, 0.0128, 1.2)] == [
        "< 0.01",
        "0.064",
        "3.4",
        "13",
        "1,200",
    ]
    assert [byte_count(n) for n in (150, 5036, 123_330, 1_507_528, 90_868_376, 2 * 10**9)] == [
        "150 B", "5.0 kB", "123 kB", "1.5 MB", "91 MB", "2.0 GB",
    ]  # fmt: skip
