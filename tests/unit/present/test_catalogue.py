from present import catalogue
from present.catalogue import extract, places


def test_sentences_of_python_and_of_templates_are_found() -> None:
    """Whoever says something by Text or `_` is in the catalogue."""
    found = {str(one.id) for one in extract()}
    assert {"{count} min", "Skip to the main content", "Within limits"} <= found


def test_every_sentence_of_the_pages_has_its_vietnamese() -> None:
    """A page is in one language; half of a translation is worse than none."""
    ours = ("present/", "reports/", "staff/")
    missing = set(catalogue.missing("vi"))
    said = {str(one.id) for one in extract() if any(file.startswith(ours) for file, _ in one.locations)}
    assert sorted(missing & said) == []


def test_a_translation_has_the_places_of_its_sentence() -> None:
    """A lost `{limit}` is a lost limit."""
    wrong = [
        str(one.id)
        for one in catalogue.read("vi")
        if one.id and one.string and places(str(one.id)) != places(str(one.string))
    ]
    assert wrong == []


def test_merging_what_has_not_changed_changes_nothing() -> None:
    """So that `make generate` leaves no difference behind."""
    once = catalogue.merge("vi")
    assert once == catalogue.merge("vi")
