import pytest

from alerts.wording import SHORT_LENGTH, Content, ascii_of, bare, fitting, render


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("Vượt giới hạn: bụi PM2,5 53 µg/m³", "Vuot gioi han: bui PM2,5 53 ug/m3"),
        ("KCN Đức Hòa 1, đang tăng", "KCN Duc Hoa 1, dang tang"),
        ("NH₄⁺-N ≥ 5 · −0,5 × 2", "NH4+-N >= 5 - -0,5 x 2"),
        ("171\N{NO-BREAK SPACE}mg/L", "171 mg/L"),
    ],
)
def test_a_short_message_is_ascii(written: str, plain: str) -> None:
    """Every mark and index goes, every digit and letter stays."""
    assert ascii_of(written) == plain


def test_the_fullest_variant_that_fits_is_sent() -> None:
    """What is dropped first is the area; a variant of exactly 160 characters fits."""
    assert fitting(["a" * 161, "b" * 160, "c"]) == "b" * 160


def test_where_none_fits_the_link_is_kept() -> None:
    """The text before it is cut."""
    said = fitting(["x" * 300 + ". qt.example/a/0123456789abcdef #0147-1"])
    assert len(said) <= SHORT_LENGTH
    assert said.endswith(". qt.example/a/0123456789abcdef #0147-1")


def test_a_made_up_message_says_so_first() -> None:
    """DEMO stands in front of subject and short form, where a lock screen shows it."""
    said = render(Content("Over limit", "first", (), ("SHORT",)), "en", demo=True)
    assert (said.subject, said.short) == ("DEMO · Over limit", "DEMO - SHORT")


def test_html_shows_what_was_written_and_runs_nothing() -> None:
    """A name with angle brackets is a name."""
    said = render(
        Content("s", "<script>", (("a & b",),), ("x",), ("Take it", "https://qt.example/a/1")), "vi", demo=False
    )
    assert "<script>" not in said.html
    assert "a &amp; b" in said.html
    assert 'href="https://qt.example/a/1"' in said.html
    assert said.body == "<script>\n\nTake it: https://qt.example/a/1\n\na & b\n"


def test_an_address_in_a_short_message_has_no_scheme() -> None:
    """Phones find it all the same."""
    assert bare("https://qt.example/a/1") == "qt.example/a/1"
