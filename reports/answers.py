"""How lists are answered: JSON, or CSV to open in a spreadsheet; packed for who can unpack it."""

import csv
import gzip
from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from typing import Any, Literal

import msgspec
from fastapi import HTTPException, Request, Response

from domain.text import Text
from present.words import LANGUAGES
from reports.kept import Page

Form = Literal["json", "csv"]
Rows = Sequence[Mapping[str, Any]]

_WORTH_PACKING = 1000  # bytes; what is smaller fits into one packet anyway


class Refused(HTTPException):
    """What is asked for cannot be answered; `words` say what is wrong and what would be right."""

    def __init__(self, status: int, words: Text) -> None:
        """Keep the words for whoever knows the language."""
        super().__init__(status)
        self.words = words


def language(request: Request) -> str:
    """Return the language asked for by `?lang=`, else by the browser; English where neither names one of ours."""
    header = request.headers.get("accept-language", "")
    wanted = [request.query_params.get("lang", ""), *(one.strip()[:2].lower() for one in header.split(","))]
    return next((one for one in wanted if one in LANGUAGES), "en")


def answer(request: Request, rows: Rows, form: Form = "json", *, name: str = "") -> Response:
    """Return a list as an answer; a CSV is a file called `name`. Anyone's page may read it: nothing in it is secret."""
    body = msgspec.json.encode(rows) if form == "json" else _csv(rows)
    headers = {"access-control-allow-origin": "*", "cache-control": "public, max-age=5", "vary": "accept-encoding"}
    if form == "csv":
        headers["content-disposition"] = f'attachment; filename="{name}.csv"'
    if len(body) > _WORTH_PACKING and unpacks(request):
        body, headers["content-encoding"] = gzip.compress(body, 5, mtime=0), "gzip"
    return Response(
        body, media_type="application/json" if form == "json" else "text/csv; charset=utf-8", headers=headers
    )


def respond(request: Request, page: Page, media_type: str = "text/html; charset=utf-8") -> Response:
    """Return a kept page as an answer, packed for who can unpack it, or that it has not changed."""
    headers = {"etag": page.tag, "cache-control": "public, max-age=5", "vary": "accept-encoding"}
    if request.headers.get("if-none-match") == page.tag:
        return Response(status_code=304, headers=headers)
    if unpacks(request):
        return Response(page.packed, media_type=media_type, headers={**headers, "content-encoding": "gzip"})
    return Response(page.body, media_type=media_type, headers=headers)


def unpacks(request: Request) -> bool:
    """Tell whether who asks can unpack gzip."""
    offers = (one.replace(" ", "").split(";q=") for one in request.headers.get("accept-encoding", "").split(","))
    return any(offer[0] == "gzip" and offer[1:] not in (["0"], ["0.0"]) for offer in offers)


def _csv(rows: Rows) -> bytes:
    """Write rows of plain values, the columns named by the first; a null is an empty field."""
    written = StringIO()
    lines = csv.writer(written, lineterminator="\r\n")
    lines.writerows(_lines(rows))
    return written.getvalue().encode()


def _lines(rows: Rows) -> Iterator[list[Any]]:
    if rows:
        yield list(rows[0])
    yield from (list(row.values()) for row in rows)
