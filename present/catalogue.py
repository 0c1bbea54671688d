"""Keeps the catalogue in step with the source: `python -m present.catalogue update|check`."""

import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from present.words import LANGUAGES
from registry.reference import meanings

SOURCE = "en"
# A sentence is whatever stands, as a literal, in one of these calls.
KEYWORDS = {"Text": None, "_": None, "N_": None}
_ROOT = Path(__file__).parents[1]
_PACKAGES = (
    "domain", "registry", "quality", "storage", "analysis", "present",
    "ingest", "alerts", "dashboards", "reports", "staff", "service",
)  # fmt: skip
_METHODS = [("**.py", "python"), ("**.html", "jinja2"), ("**.svg", "jinja2"), ("**.txt", "jinja2")]


def path(lang: str) -> Path:
    """Return where the catalogue of `lang` stands."""
    return _ROOT / "present" / "locale" / lang / "LC_MESSAGES" / "quantrac.po"


def extract() -> Catalog:
    """Return every sentence of the source, in the order of the alphabet, each with the files that say it."""
    found: dict[str, set[str]] = {}
    for package in _PACKAGES:
        for file, _, message, _, _ in extract_from_dir(_ROOT / package, _METHODS, keywords=KEYWORDS):
            for one in (message,) if isinstance(message, str) else message:
                found.setdefault(one, set()).add(f"{package}/{file}")
    for one in meanings():
        found.setdefault(one, set()).add("registry/schema.py")
    catalogue = Catalog(project="quantrac", charset="utf-8")
    for message in sorted(found):
        # Without line numbers, so that the catalogue changes only where a sentence does.
        catalogue.add(message, locations=[(file, 0) for file in sorted(found[message])])
    return catalogue


def read(lang: str) -> Catalog:
    """Return the catalogue of `lang` as it is kept; empty where there is none yet."""
    if not path(lang).exists():
        return Catalog(locale=lang)
    with path(lang).open("rb") as file:
        return read_po(file, locale=lang)


def merge(lang: str) -> bytes:
    """Return the catalogue of `lang` with what the source says now: new sentences empty, unused ones gone."""
    kept = {str(one.id): one.string for one in read(lang)}
    merged = Catalog(locale=lang, project="quantrac", charset="utf-8", header_comment=f"# quantrac, {lang}")
    for one in extract():
        if one.id:
            merged.add(one.id, kept.get(str(one.id), ""), locations=one.locations)
    written = BytesIO()
    write_po(written, merged, width=118, omit_header=True, include_lineno=False)
    return written.getvalue()


def missing(lang: str) -> list[str]:
    """Return the sentences of the source that have no translation."""
    kept = {str(one.id): one.string for one in read(lang)}
    return [str(one.id) for one in extract() if one.id and not kept.get(str(one.id))]


def unused(lang: str) -> list[str]:
    """Return the sentences of the catalogue that the source does not say any more."""
    said = {str(one.id) for one in extract()}
    return [str(one.id) for one in read(lang) if one.id and str(one.id) not in said]


def faults() -> Iterator[str]:
    """Yield, in words, what keeps the catalogue from being right."""
    for lang in LANGUAGES:
        if lang == SOURCE:
            continue
        yield from (f"{path(lang)}: not translated: {one}" for one in missing(lang))
        yield from (f"{path(lang)}: not used any more: {one}" for one in unused(lang))
        yield from (
            f"{path(lang)}: other places than in the source: {one.id}"
            for one in read(lang)
            if one.string and places(str(one.id)) != places(str(one.string))
        )


def places(sentence: str) -> set[str]:
    """Return the names of a sentence's `{places}`."""
    return {part.split("}")[0] for part in sentence.split("{")[1:]}


def update() -> list[Path]:
    """Write the catalogues anew from the source, keeping the translations; return the files that changed."""
    changed = []
    for lang in LANGUAGES:
        if lang == SOURCE:
            continue
        written = merge(lang)
        if not path(lang).exists() or path(lang).read_bytes() != written:
            path(lang).parent.mkdir(parents=True, exist_ok=True)
            path(lang).write_bytes(written)
            changed.append(path(lang))
    return changed


def main(arguments: list[str]) -> int:
    """Run `update` or `check`; 1 where check finds something."""
    if arguments == ["update"]:
        update()
        return 0
    if arguments != ["check"]:
        sys.stderr.write("usage: python -m present.catalogue update|check\n")
        return 2
    found = list(faults())
    sys.stderr.writelines(f"{one}\n" for one in found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
