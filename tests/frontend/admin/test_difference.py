"""What an indexing run would change, in words."""

from frontend.admin.upload import difference_html


def test_changes_are_told_by_kind_and_stay_text() -> None:
    added = ["<b>a</b>.pdf", *(f"{number}.pdf" for number in range(40))]
    html = difference_html({"added": added, "renamed": [["old.md", "new.md"]], "removed": [], "unchanged": 1200})
    assert "An update would change this:" in html
    assert "&lt;b&gt;a&lt;/b&gt;.pdf, 0.pdf" in html and "and 11 more" in html
    assert "old.md → new.md" in html
    assert "<dt>Removed</dt>" not in html
    assert "1,200 files would stay as they are." in html


def test_nothing_to_change_is_said() -> None:
    assert "An update would change nothing." in difference_html({"unchanged": 3})
    assert "Another embedder is set." in difference_html({"everything": "Another embedder is set."})
