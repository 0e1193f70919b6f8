"""`hub history`: who approved what, and on which waivers."""

import json

import pytest

from hub.home import Home
from hub.log_cache import remember
from hub.promotion_log import Entry
from hub.registry.address import registry_address
from tests import approval
from tests.hub.office import signer_of

WAIVER = {"rule": "licence", "owner": "legal", "reason": "Pilot.", "expires": "2027-01-01"}


@pytest.fixture
def approved_on_a_waiver(run_hub, tmp_path):
    """Let this machine have read a log of one record, by a signer that it trusts, that rests on a waiver."""
    signer, place = signer_of("ana@example.org"), Home(tmp_path / "home").ready()
    bare = approval.record(sequence=1)
    row = type(bare.tasks[0]).model_validate({**bare.tasks[0].model_dump(), "waivers": (WAIVER,)})
    record = bare.model_copy(update={"tasks": (row,)})
    signed = record.model_copy(update={"signature": signer.sign(record.signed_bytes)})
    assert run_hub("trust", "add", signer.public.line).exit_code == 0
    remember(place, registry_address({}, place), (Entry(1, signed),), now="2026-11-20T10:00:00Z")


def test_a_reader_sees_that_an_approval_rests_on_a_waiver(run_hub, approved_on_a_waiver):
    # Columns wrap, so words are looked for one by one.
    shown = run_hub("history").stdout
    assert all(word in shown for word in ("licence", "waived", "2027-01-01", "legal", "Pilot"))


def test_a_program_gets_the_waiver_whole(run_hub, approved_on_a_waiver):
    answer = json.loads(run_hub("history", "--format", "json").stdout)
    assert answer["records"][0]["tasks"][0]["waivers"] == [WAIVER]
