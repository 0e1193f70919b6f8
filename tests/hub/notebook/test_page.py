"""What a notebook shows: every text escaped, the same rows as HTML, as text and as a DataFrame."""

from html.parser import HTMLParser

from evaluators.report.table import ResultTable
from hub.notebook.page import Page, Picture, Shown

TABLE = ResultTable("Scores <1>", ("model", "score"), (("<script>x</script>", "91.2"), ("b & c", "7")))


class Example(Shown):
    page = Page("a < b", (TABLE,), (Picture(b"\x89PNG", 'what "labels" buy'),), ("next: hub pull x",))
    records = ({"model": "b & c", "score": 7},)


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.open = [], []

    def handle_starttag(self, tag, _attrs):
        self.tags.append(tag)
        if tag != "img":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_html_is_well_formed_and_no_text_is_markup():
    html = Example()._repr_html_()
    tags = Tags()
    tags.feed(html)
    assert tags.open == []
    assert "script" not in tags.tags
    assert "&lt;script&gt;" in html
    assert "a &lt; b" in html
    assert 'alt="what &quot;labels&quot; buy"' in html


def test_text_has_the_same_rows_aligned():
    assert repr(Example()).splitlines() == [
        "a < b", "Scores <1>", "model               score", "<script>x</script>  91.2", "b & c               7",
        "next: hub pull x",
    ]  # fmt: skip


def test_records_become_a_frame():
    frame = Example().to_pandas()
    assert frame.to_dict("records") == [{"model": "b & c", "score": 7}]
