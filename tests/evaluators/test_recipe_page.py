"""The page that trains without us: every strategy has one, short, well-formed, and nothing on it is ignored or run."""

import ast
import itertools
import subprocess
import sys
from importlib.resources import files

import pytest

from evaluators.recipe_page import LINES, recipe_page
from evaluators.strategy import STRATEGIES
from tests.pages import IMAGE, TEXT, data_file, page, training

ALLOWED = {"torch", "transformers", "timm", "peft", "sklearn", "numpy", "pandas", "PIL", "safetensors"}
#: No page of under 80 lines says what these do: layers that join later, two networks, parts no library has, a search.
WITHOUT_PAGE = {
    *("zero-shot", "in-context-0", "in-context-4", "in-context-16", "head2toe", "mlp-head", "setfit"),
    *("bottleneck-adapter", "prompt-tuning", "prefix-tuning", "qlora"),
    *("surgical", "gradual-unfreezing", "wise-ft"),
}
PAGES = [row for row in STRATEGIES if row.recipe]
CASES = [
    (row.id, accepts) for row in PAGES for accepts in (TEXT, IMAGE) if accepts.modality in row.modalities
]
cases = pytest.mark.parametrize(("name", "accepts"), CASES, ids=[f"{name}-{a.modality}" for name, a in CASES])
TABLES = (
    data_file("csv"), data_file("tsv"), data_file("jsonl"), data_file("jsonl", name="data.jsonl.gz"),
    data_file("parquet"),
)  # fmt: skip
PICTURES = (data_file("image-folder"), data_file("image-tar"), data_file("pixel-table"))


def every_page():
    """Yield a page of every strategy, pooling, format and number of files."""
    for name, accepts in CASES:
        poolings = ("mean", "cls", "last", "model") if accepts is TEXT else ("mean", "cls", "model")
        kinds = TABLES if accepts is TEXT else PICTURES
        for pooling, normalize, file, twice in itertools.product(poolings, (True, False), kinds, (1, 2)):
            changed = accepts.model_copy(update={"pooling": pooling, "normalize": normalize})
            yield f"{name}-{pooling}-{normalize}-{file.format}-{twice}", page(name, changed, *[file] * twice)


@pytest.mark.parametrize("row", STRATEGIES, ids=lambda row: row.id)
def test_a_strategy_that_adapts_has_a_recipe_and_a_baseline_has_none(row):
    assert bool(row.recipe) is not (row.is_baseline or row.id in WITHOUT_PAGE)


def test_every_section_is_on_some_page():
    used = {section for row in STRATEGIES for section in row.recipe} | {"arguments", "split"}
    used |= {f"read_{file.format}" for file in (*TABLES, *PICTURES)}
    names = {path.name.removesuffix(".py") for path in (files("evaluators") / "recipes").iterdir()}
    assert {name.removesuffix("_text").removesuffix("_image") for name in names - {"__pycache__"}} == used


def test_every_page_is_short_and_imports_nothing_of_ours():
    for name, text in every_page():
        assert len(text.splitlines()) < LINES == 80, name
        nodes = list(ast.walk(ast.parse(text)))
        modules = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
        modules |= {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
        assert {module.split(".")[0] for module in modules} - set(sys.stdlib_module_names) <= ALLOWED, name
        assert "  # when " not in text, name


def test_every_page_passes_the_linter(tmp_path):
    for name, text in every_page():
        (tmp_path / f"{name}.py").write_text(text)
    ruff = [sys.executable, "-m", "ruff"]
    common = ["--isolated", "--no-cache", "--line-length", "120", str(tmp_path)]
    check = [*ruff, "check", "--quiet", "--select", "E,F,W,I,UP,B,C4,PLE", "--ignore", "B905", *common]
    for command in (check, [*ruff, "format", "--quiet", "--check", *common]):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[:2000]


@cases
def test_no_setting_is_ignored(name, accepts):
    plain = page(name, accepts)
    others = {"decay": "linear"} if "epochs" in training(name, accepts).settings else {}
    changes = {
        key: (not old if isinstance(old, bool) else old * 2 + 1)
        for key, old in training(name, accepts).settings.items()
    }
    for key, value in {**changes, **others}.items():
        assert page(name, accepts, settings={key: value}) != plain, key


def test_what_no_page_says_has_none():
    good = training("lora", TEXT)
    assert recipe_page(good)
    assert recipe_page(training("lora", TEXT, settings={"new": 1})) is None
    assert recipe_page(training("wise-ft", TEXT)) is None
    assert recipe_page(training("lora", TEXT, data_file("csv"), data_file("jsonl"))) is None
    assert recipe_page(training("lora", TEXT, data_file("csv"), data_file("csv", text="other"))) is None


@pytest.mark.parametrize(
    "column",
    [
        '"); import os #',
        "it's",
        "both \" and '",
        "back\\slash",
        "two\nlines",
        "\u202enever",
        "\U0001f600",
        '"""',
        "{x}",
    ],
)
def test_a_column_is_a_string_whatever_it_is_called(column):
    usual = ast.parse(page("linear-probe", TEXT))
    tree = ast.parse(page("linear-probe", TEXT, data_file("csv", text=column, label=column)))
    assert [type(node) for node in tree.body] == [type(node) for node in usual.body]
    assigned = next(node for node in tree.body if isinstance(node, ast.Assign))
    assert ast.literal_eval(assigned.value) == (column, column)


def test_two_files_are_two_arguments():
    assert "`python recipe.py TRAIN VALIDATION`" in page("knn", TEXT, data_file("csv"), data_file("csv"))
