"""The staff's address: signed links, health, metrics, and the demonstration's mailbox. Nothing on GET changes state."""

from pathlib import Path
from typing import Any, Protocol

from fastapi import FastAPI, HTTPException
from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.exceptions import HTTPException as NotServed
from starlette.requests import Request

from domain.clock import Clock
from domain.takeover import TakeView
from domain.text import Text
from present.pages import Demo, Guarded, environment, style
from present.words import LANGUAGES, say
from registry.lookup import Registry
from staff.mailbox import find_mail, list_mails

# A link's page shows a case: it must not stay in any cache.
_NO_STORE = {"cache-control": "no-store"}


class Cases(Protocol):
    """Answers signed links."""

    def look(self, token: str) -> TakeView:
        """Return what a link shows; changes nothing."""
        ...

    def take(self, token: str) -> TakeView:
        """Take the case over for the link's person, if nobody has."""
        ...


class Watch(Protocol):
    """What the service says of itself."""

    def reasons(self) -> list[Text]:
        """Return why it is not ready; empty where it is."""
        ...

    def metrics(self) -> bytes:
        """Return its figures as Prometheus reads them."""
        ...


def make_app(
    registry: Registry, cases: Cases, watch: Watch, clock: Clock, *, demo: bool, mailbox: Path | None = None
) -> FastAPI:
    """Return the staff app. `mailbox` is the Maildir that a demonstration shows; without one there is no such page."""
    app = FastAPI(title="quantrac staff", docs_url=None, redoc_url=None, openapi_url=None)
    pages = _Pages(registry, clock, demo=demo)
    _add_links(app, pages, cases)
    _add_plumbing(app, watch)
    if mailbox is not None:
        _add_mailbox(app, pages, mailbox)
    _add_faults(app, pages)
    app.add_middleware(Guarded)
    return app


def _add_links(app: FastAPI, pages: "_Pages", cases: Cases) -> None:
    def show(token: str) -> Response:
        return pages.link(cases.look(token))

    def take(token: str) -> Response:
        return pages.link(cases.take(token))

    app.add_api_route("/a/{token}", show, methods=["GET", "HEAD"])
    app.add_api_route("/a/{token}", take, methods=["POST"])


def _add_plumbing(app: FastAPI, watch: Watch) -> None:
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    def readyz() -> Response:
        found = [{lang: say(reason, lang) for lang in LANGUAGES} for reason in watch.reasons()]
        return JSONResponse({"status": "not ready" if found else "ok", "reasons": found}, 503 if found else 200)

    def metrics() -> Response:
        return Response(watch.metrics(), media_type="text/plain; version=0.0.4; charset=utf-8")

    def css() -> Response:
        return Response(style()[1], media_type="text/css", headers={"cache-control": "public, max-age=31536000"})

    for path, answer in (("/healthz", healthz), ("/readyz", readyz), ("/metrics", metrics), (style()[0], css)):
        app.add_api_route(path, answer, methods=["GET", "HEAD"])


def _add_mailbox(app: FastAPI, pages: "_Pages", mailbox: Path) -> None:
    def listed() -> Response:
        return pages.page("vi", "mailbox", mails=list_mails(mailbox))

    def one(key: str) -> Response:
        mail = find_mail(mailbox, key)
        if mail is None:
            raise HTTPException(404)
        return pages.page("vi", "mail", mail=mail)

    app.add_api_route("/mailbox", listed, methods=["GET", "HEAD"])
    app.add_api_route("/mailbox/{key}", one, methods=["GET", "HEAD"])


def _add_faults(app: FastAPI, pages: "_Pages") -> None:
    def fault(_: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, NotServed) else 500
        return pages.page("vi", "gone", status=status)

    app.add_exception_handler(NotServed, fault)


class _Pages:
    """Makes the pages, each in the language of who reads it."""

    def __init__(self, registry: Registry, clock: Clock, *, demo: bool) -> None:
        self._registry = registry
        self._clock = clock
        self._demo = Demo(clock) if demo else None
        self._templates = {lang: environment("staff", lang, registry.zone) for lang in LANGUAGES}

    def link(self, view: TakeView) -> Response:
        """Return the page of a signed link; one that is gone says nothing of any case."""
        subject = view.subject
        if subject is None:
            return self.page("vi", "gone", status=404)
        return self.page(
            view.language, "take", view=view, subject=subject, station=self._registry.stations[subject.station],
            area=self._registry.areas[self._registry.stations[subject.station].area],
            parameter=self._registry.parameters.get(subject.parameter or ""),
        )  # fmt: skip

    def page(self, lang: str, name: str, *, status: int = 200, **values: Any) -> Response:
        """Return one page."""
        content = (
            self
            ._templates[lang]
            .get_template(f"{name}.html")
            .render(demo=self._demo, now=self._clock.now(), province=self._registry.province, **values)
        )
        return HTMLResponse(content, status, headers=_NO_STORE)
