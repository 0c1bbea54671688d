"""What the department's own people use: links that take an alert over, health, metrics; in a demonstration the mailbox.

Nothing else is here until there is a login.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.exceptions import HTTPException

from domain.clock import Clock
from domain.takeover import TakeState, TakeSubject, TakeView
from present.pages import Band, Guarded, environment, style
from present.scale import scale_of
from present.words import LANGUAGES, bound_text, compared, name, place, say, shown, symbol, with_unit
from registry.lookup import Registry
from staff.letters import Letter, letters
from staff.links import Takeovers, Watch

log = structlog.get_logger(__name__)

_HTML = "text/html; charset=utf-8"
# A token in an address is a secret: neither caches nor search engines may keep it.
_SECRET = {"cache-control": "no-store", "x-robots-tag": "noindex"}


def make_app(
    registry: Registry, takeovers: Takeovers, watch: Watch, clock: Clock, *, demo: bool, mailbox: Path | None = None
) -> FastAPI:
    """Return the staff's app; `/mailbox` is there only where a Maildir is named. Nothing on GET changes state."""
    app = FastAPI(title="quantrac", docs_url=None, redoc_url=None, openapi_url=None)
    pages = _Pages(registry, clock, demo=demo)
    _add_links(app, takeovers, pages)
    _add_probes(app, watch)
    if mailbox is not None:
        _add_mailbox(app, mailbox, pages)
    _add_faults(app, pages)
    app.add_middleware(Guarded)
    return app


def _add_links(app: FastAPI, takeovers: Takeovers, pages: "_Pages") -> None:
    def look(token: str) -> Response:
        return answer(takeovers.look(token))

    def take(token: str) -> Response:
        return answer(takeovers.take(token))

    def answer(view: TakeView) -> Response:
        return Response(
            pages.link(view), 404 if view.state is TakeState.GONE else 200, media_type=_HTML, headers=_SECRET
        )

    app.add_api_route("/a/{token}", look, methods=["GET", "HEAD"])
    app.add_api_route("/a/{token}", take, methods=["POST"])


def _add_probes(app: FastAPI, watch: Watch) -> None:
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    def readyz() -> Response:
        reasons = [{lang: say(one, lang) for lang in LANGUAGES} for one in watch.reasons()]
        return JSONResponse({"status": "not ready" if reasons else "ok", "reasons": reasons}, 503 if reasons else 200)

    def metrics() -> Response:
        return Response(watch.metrics(), media_type="text/plain; version=0.0.4; charset=utf-8")

    def css() -> Response:
        return Response(
            style()[1], media_type="text/css", headers={"cache-control": "public, max-age=31536000, immutable"}
        )

    for path, answer in (("/healthz", healthz), ("/readyz", readyz), ("/metrics", metrics), (style()[0], css)):
        app.add_api_route(path, answer, methods=["GET", "HEAD"])


def _add_mailbox(app: FastAPI, mailbox: Path, pages: "_Pages") -> None:
    def listed(request: Request) -> Response:
        return Response(pages.mailbox(_language(request), letters(mailbox)), media_type=_HTML, headers=_SECRET)

    def one(request: Request, number: int) -> Response:
        found = next((letter for letter in letters(mailbox) if letter.number == number), None)
        if found is None:
            raise HTTPException(404)
        return Response(pages.letter(_language(request), found), media_type=_HTML, headers=_SECRET)

    def home() -> Response:
        return RedirectResponse("/mailbox", 307)

    app.add_api_route("/", home, methods=["GET", "HEAD"])
    app.add_api_route("/mailbox", listed, methods=["GET", "HEAD"])
    app.add_api_route("/mailbox/{number}", one, methods=["GET", "HEAD"])


def _language(request: Request) -> str:
    """Return the language asked for by `?lang=`, Vietnamese without it."""
    asked = request.query_params.get("lang", "vi")
    return asked if asked in LANGUAGES else "vi"


def _add_faults(app: FastAPI, pages: "_Pages") -> None:
    def http(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 404
        return Response(pages.missing(_language(request), broken=False), status, media_type=_HTML, headers=_SECRET)

    def broken(request: Request, error: Exception) -> Response:
        log.error("page_failed", exc_info=error)  # the address may hold a token: it is not logged
        return Response(pages.missing(_language(request), broken=True), 500, media_type=_HTML, headers=_SECRET)

    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(Exception, broken)


class _Pages:
    """Makes each page as a string."""

    def __init__(self, registry: Registry, clock: Clock, *, demo: bool) -> None:
        self._registry, self._clock, self._band = registry, clock, Band.of(clock, demo=demo)
        self._templates = {lang: environment("staff", lang, registry.zone) for lang in LANGUAGES}

    def link(self, view: TakeView) -> str:
        """Make the page behind a signed link, in the language of its person."""
        lang = view.language if view.language in LANGUAGES else "vi"
        subject = view.subject
        said = self._said(subject, lang) if subject else {}
        return self._render(lang, "link", view=view, subject=subject, hotline=self._registry.province.hotline, **said)

    def _said(self, subject: TakeSubject, lang: str) -> dict[str, Any]:
        station = self._registry.stations[subject.station]
        facility = self._registry.facilities.get(station.facility or "")
        return {
            "station": station, "area": self._registry.areas[station.area], "facility": facility,
            "contacts": [one for one in facility.contacts if one.phone] if facility else [],
            "place": place(station.latitude, station.longitude, lang), **self._figures(subject, lang),
        }  # fmt: skip

    def _figures(self, subject: TakeSubject, lang: str) -> dict[str, Any]:
        measured = self._registry.parameters.get(subject.parameter or "")
        if measured is None or subject.level is None:
            return {"parameter": None, "figure": "", "against": "", "levels": "", "bound": ""}
        scale = scale_of(measured, self._registry.stations[subject.station].kind)
        parameter, bound = scale.parameter, scale.bound(subject.bound) if subject.bound else None
        level, *levels = (
            shown(scale.value(one) or 0.0, bound, parameter.precision, lang) for one in (subject.level, *subject.levels)
        )
        return {
            "parameter": symbol(name(parameter.names, lang), lang), "levels": "; ".join(levels),
            "figure": with_unit(level, parameter.unit, lang),
            "against": compared(scale.value(subject.level) or 0.0, bound, lang) if bound else "",
            "bound": with_unit(bound_text(bound, lang), parameter.unit, lang) if bound else "",
        }  # fmt: skip

    def mailbox(self, lang: str, found: Sequence[Letter]) -> str:
        """Make the list of the demonstration's mails."""
        return self._render(lang, "mailbox", letters=found)

    def letter(self, lang: str, letter: Letter) -> str:
        """Make the page of one mail."""
        return self._render(lang, "letter", letter=letter)

    def missing(self, lang: str, *, broken: bool) -> str:
        """Make the page for what is not here, or could not be made."""
        return self._render(lang, "missing", broken=broken)

    def _render(self, lang: str, page: str, **values: Any) -> str:
        template = self._templates[lang].get_template(f"{page}.html")
        return template.render(band=self._band, now=self._clock.now(), **values)
