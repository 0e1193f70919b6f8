"""A table of a page: escaped, named, in its own box, and sorted by the numbers that its texts mean."""

import pytest

from evaluators.report.html_page import Section, html_page, paragraphs
from evaluators.report.html_table import Cell, html_table, leading_number, result_html
from evaluators.report.html_text import Html, element, escaped, joined
from evaluators.report.table import ResultTable
from tests.html_reading import Page

ROWS = [
    ("knn", "91.2 [90.1, 92.3]", "0.38 M"),
    ("lora *", "failed", "22.7 M"),
    ("full", "+3.0 [1, 5] !1", ""),
]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("91.2 [90.1, 92.3]", 91.2),
        ("-2.5 [-4.0, -1.0] negative transfer", -2.5),
        ("+24.3 (one run, no interval)", 24.3),
        ("22.7 M", 22.7e6),
        ("0.38 M", 0.38e6),
        ("1.5 k", 1500.0),
        ("1.2 B", 1.2e9),
        ("91.2 \u00b11.1", 91.2),
        ("84.1 [80.0, 88.2] !1", 84.1),
        ("0.2 (10 at once)", 0.2),
        ("< 0.001", 0.001),
        ("1,925", 1925.0),
        ("failed", None),
        ("", None),
        ("2 more runs that can be scored", None),
        ("3 Machines", None),
    ],
)
def test_a_text_is_sorted_by_the_number_that_it_is(text, number):
    assert leading_number(text) == number


def test_every_cell_of_a_column_of_numbers_carries_its_number():
    page = Page(html_table("Scores", ("strategy", "score", "trained"), ROWS))
    numbers = [cell.attributes.get("data-number") for cell in page.named("td")]
    assert numbers == ["91.2", "380000", None, "22700000", "3", None]
    assert [head.attributes.get("class") for head in page.named("th")[:3]] == ["name", "number", "number"]


def test_columns_of_words_are_sorted_as_words():
    page = Page(
        html_table("Rules", ("rule", "measured"), [("a", "5 runs"), ("b", "a clean tree"), ("c", "none")])
    )
    assert not any("data-number" in cell.attributes for cell in page.named("td"))
    assert {cell.attributes["class"] for cell in page.named("td")} == {"word"}
    sentences = Page(
        html_table("Rules", ("rule", "measured"), [("a", "it is longer than a line of a phone")])
    )
    assert sentences.named("td")[0].attributes["class"] == "sentence"


def test_a_table_scrolls_in_a_box_that_the_keyboard_reaches_and_that_has_a_name():
    (box,) = Page(html_table("Scores", ("a", "b"), [("x", "y")])).named("div")
    assert box.attributes == {"class": "scroll", "tabindex": "0", "role": "region", "aria-label": "Scores"}


def test_a_line_ends_neither_in_a_number_nor_in_an_interval():
    rows = [("knn", "91.2 [90.1, 92.3], tied"), ("lora", "22.7 M"), ("full", "< 0.001"), ("none", "failed")]
    page = Page(html_table("t", ("a", "b"), rows))
    assert [row.text for row in page.named("span")] == ["[90.1, 92.3]", "22.7 M", "< 0.001"]
    assert [row.text for row in page.named("td")] == [text for _, text in rows]


def test_rows_that_are_read_are_cards_whose_cells_name_their_column():
    page = Page(html_table("Rules", ("rule", "measured", "settles"), [("a", "5", "")], cards=True))
    assert page.named("figure")[0].attributes == {"class": "cards"}
    assert [cell.attributes["data-column"] for cell in page.named("td")] == ["measured", "settles"]
    plain = Page(html_table("Scores", ("a", "b"), [("x", "y")]))
    assert "data-column" not in plain.named("td")[0].attributes


def test_headings_say_what_they_head():
    page = Page(html_table("Scores", ("strategy", "score"), [("knn", "91.2")]))
    assert [head.attributes["scope"] for head in page.named("th")] == ["col", "col", "row"]


def test_the_recommended_row_says_so_in_words():
    page = Page(result_html(ResultTable("t", ("strategy", "score", "trained"), tuple(ROWS))))
    assert [row.text for row in page.named("th")[3:]] == ["knn", "lora recommended", "full"]


def test_a_row_with_a_cell_too_few_is_refused():
    with pytest.raises(IndexError):
        html_table("t", ("a", "b"), [("only one",)])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<b>", "&lt;b&gt;"),
        ("a & b", "a &amp; b"),
        ("\" '", "&quot; &#x27;"),
        ("&lt;", "&amp;lt;"),
        ("safe\u202etxt.exe", "safe\ufffdtxt.exe"),
        ("bell\x07", "bell\ufffd"),
        ("tab\tand\nline", "tab\tand\nline"),
    ],
)
def test_texts_become_text(text, shown):
    assert escaped(text) == shown
    assert element("p", text) == f"<p>{shown}</p>"
    assert element("p", attributes={"title": text}) == f'<p title="{shown}"></p>'
    assert joined([text, Html("<br>")], "<") == f"{shown}&lt;<br>"


def test_markup_is_escaped_once():
    assert element("p", escaped(escaped("<"))) == "<p>&lt;</p>"


def test_a_cell_of_markup_keeps_it_and_its_number_is_given():
    page = Page(html_table("t", ("a", "b"), [("x", Cell(element("em", "much"), number=2.0))]))
    assert [row.text for row in page.named("em")] == ["much"]
    assert page.named("td")[0].attributes == {"class": "number", "data-number": "2"}


def test_a_page_lists_its_sections_and_leaves_out_empty_ones():
    sections = (Section("one", "One", (paragraphs("text", ""),)), Section("two", "Two", ()))
    page = Page(html_page("T", [element("h1", "Answer")], sections))
    assert [link.attributes["href"] for link in page.named("a")] == ["#one"]
    assert [row.attributes["id"] for row in page.named("section")] == ["one"]
    assert [row.name for row in page.named("h1", "nav", "h2")] == ["h1", "nav", "h2"]
