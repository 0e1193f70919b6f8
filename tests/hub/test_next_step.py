"""The command that measures more can be pasted: the data as they were named, quoted where a shell needs it."""

import shlex
from pathlib import Path

from evaluators.personal_task import OwnData
from hub.next_step import measure_more
from hub.recommending import screening


def test_names_with_spaces_survive_a_shell():
    own = OwnData("my tickets.csv", "the body", "queue")
    choice = screening(("mini",), own, None, device="cpu", results="s3://team/results")
    told = measure_more(choice, ["mini"], ["lora", "full-finetune"], catalog=Path("our catalog"))
    assert told == (
        "hub evaluate mini --data 'my tickets.csv' --text 'the body' --label queue --protocol screen "
        "--strategy lora --strategy full-finetune --device cpu --results s3://team/results --catalog 'our catalog'"
    )
    assert shlex.split(told)[4] == "my tickets.csv"


def test_images_and_tasks_are_named_by_their_options():
    images = screening(("mini",), OwnData("shots"), None, device="any", results=None)
    assert measure_more(images, ["mini"], ["lora"]) == (
        "hub evaluate mini --images shots --protocol screen --strategy lora"
    )
    task = screening(("mini",), None, "digits", device="any", results=None)
    assert "mini --task digits --protocol" in measure_more(task, ["mini"], ["lora"])
