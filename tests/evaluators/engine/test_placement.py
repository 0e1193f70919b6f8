"""Where states lie, as a table: by size, by how often they are read, and by what the machine has."""

import pytest

from evaluators.engine.placement import Cached, accelerator, place, processor, seconds

GB = 10**9
LAPTOP = processor(host_bytes=4 * GB, disk_bytes=50 * GB)
H200 = accelerator(device_bytes=35 * GB, host_bytes=100 * GB, disk_bytes=1000 * GB, dtype="bfloat16")
FULL_H200 = accelerator(device_bytes=1, host_bytes=1, disk_bytes=1000 * GB, dtype="bfloat16")
NO_ROOM = processor(host_bytes=1, disk_bytes=1)
#: Six blocks of ViT-B over one image: 17.6 GFLOP; its state is 197 x 768 in bfloat16. Read in five epochs.
VIT = Cached(10_000, 197 * 768 * 2, 17.6e9, 50_000)
#: Three layers of MiniLM over 24 tokens; 24 x 384 in float32.
MINILM = Cached(3_000, 24 * 384 * 4, 2.6e8, 30_000)
HUGE = Cached(1_000_000, 24 * 384 * 4, 2.6e8, 10_000_000)
PRIVATE = Cached(1_000_000, 24 * 384 * 4, 2.6e8, 10_000_000, may_touch_disk=False)


@pytest.mark.parametrize(
    ("cached", "machine", "tier"),
    [
        (MINILM, LAPTOP, "host"),
        (VIT, LAPTOP, "host"),
        (HUGE, LAPTOP, "disk"),  # 37 GB: any cache is faster than a processor
        (PRIVATE, LAPTOP, "recompute"),
        (MINILM, NO_ROOM, "recompute"),
        (VIT, H200, "device"),
        (Cached(200_000, 197 * 768 * 2, 17.6e9, 1_000_000), H200, "host"),  # 61 GB and 35 on the device
        (HUGE, H200, "recompute"),  # 0.74 us from the host's memory, 0.65 us by computing
        (VIT, FULL_H200, "recompute"),  # 60 us from disk, 44 us by computing
        (Cached(10_000, 197 * 768 * 2, 17.6e9, 5_000), LAPTOP, "recompute"),  # fewer reads than samples
        (Cached(0, 0.0, 0.0, 0), LAPTOP, "host"),
    ],
)
def test_the_cheapest_tier_with_room_is_taken(cached, machine, tier):
    assert place([cached], machine)[0].tier == tier


def test_rates_are_those_that_the_sources_give():
    # reference figures: 44 us to compute a sample again, 60 us from disk, 6 us from the host's memory
    one_more = {
        tier: seconds(Cached(0, VIT.bytes_per_sample, VIT.flops_per_sample, 1), tier, H200)
        for tier in ("disk", "host", "recompute")
    }
    assert one_more["recompute"] == pytest.approx(44e-6, rel=0.05)
    assert one_more["disk"] == pytest.approx(60e-6, rel=0.05)
    assert one_more["host"] == pytest.approx(6e-6, rel=0.05)


def test_what_saves_most_a_byte_takes_the_memory_and_the_rest_goes_on():
    deep, shallow = Cached(1_000, 1e6, 2e9, 20_000), Cached(1_000, 1e6, 1e9, 20_000)
    room = processor(host_bytes=1_500_000_000, disk_bytes=1)
    assert [placed.tier for placed in place([shallow, deep], room)] == ["recompute", "host"]
    assert [placed.tier for placed in place([deep, shallow], room)] == ["host", "recompute"]
    assert [placed.tier for placed in place([deep, shallow], LAPTOP)] == ["host", "host"]


def test_what_a_placement_saves_is_told():
    (placed,) = place([MINILM], LAPTOP)
    assert placed.seconds < placed.recomputed == pytest.approx(30_000 * 2.6e8 / 1e11)
