"""The public's pages: the province, an area, a station, the data. Vietnamese at `/`, English at `/en/`; read-only."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.engine import Engine
from starlette.exceptions import HTTPException

from analysis.schemes import SCHEMES, VERSIONS
from domain.clock import Clock
from domain.rollup import RollupPoint
from domain.text import Text
from domain.window import WindowKind, window_of_mark
from present.charts import bullet
from present.pages import Band, Guarded, environment, style
from present.words import LANGUAGES, name, place, say, short_when
from registry.lookup import Registry
from reports import answers, api, drawn, said, shelf, summary, trends, verdicts
from reports.answers import respond
from reports.facts import gather
from reports.index_rows import index_rows
from reports.kept import Kept
from reports.kept_answers import KeptAnswers
from reports.resolving import AreaResolving, resolving
from reports.shelf import Shelf
from reports.summary import Row, State
from reports.verified import verified_months
from storage.published import Published
from storage.readings import ReadingStore, StoreUnavailable

log = structlog.get_logger(__name__)

_KEPT_S = 5.0
_RESOLVING_KEPT_S = 600.0  # it looks back for years, and changes by the day
_SEALS = 60  # on the page; all of them are in the API
_PROVINCE_HOURS, _STATION_HOURS = 25, 49
_VN_AQI = SCHEMES["vn_aqi"]
_HTML = "text/html; charset=utf-8"
_ROOTS = {"vi": "", "en": "/en"}


@dataclass(frozen=True, slots=True)
class Around:
    """What the pages know of the service around them.

    `public_url` is their own address; `reasons` says why the service is not ready (`/readyz` tells only whether there
    are any); `seals` are those of the journals.
    """

    public_url: str = ""
    reasons: Callable[[], Sequence[Text]] = tuple
    seals: Published | None = None


_ALONE = Around()


def make_app(
    registry: Registry, store: ReadingStore, engine: Engine, clock: Clock, *, demo: bool, around: Around = _ALONE
) -> FastAPI:  # fmt: skip
    """Return the public app; `store` and `engine` need no more than reading.

    A page is kept for five seconds, in a demonstration for one, since there a minute passes in a fraction of one.
    """
    app = FastAPI(
        title="quantrac",
        docs_url=None,
        redoc_url=None,
        servers=[{"url": around.public_url}] if around.public_url else None,
    )
    known: KeptAnswers[AreaResolving] = KeptAnswers(_RESOLVING_KEPT_S if not demo else 1.0)

    def resolved(area: str) -> AreaResolving:
        return known.get(area, lambda: resolving(registry, store, engine, clock.now(), area))

    pages = _Pages(registry, store, engine, clock, demo=demo, seals=around.seals, resolved=resolved)
    app.include_router(api.make_router(registry, store, engine, clock, demo=demo, seals=around.seals))
    app.include_router(trends.make_router(registry, resolved, demo=demo))
    app.include_router(shelf.make_router(Shelf(registry, store, engine, clock, pages.frame, demo)))
    kept = Kept(_KEPT_S if not demo else 1.0)
    for lang in LANGUAGES:
        _add_pages(app, pages, kept, lang)
    _add_plumbing(app, store, around.reasons)
    _add_faults(app, pages)
    app.add_middleware(Guarded)
    return app


def _add_pages(app: FastAPI, pages: "_Pages", kept: Kept, lang: str) -> None:
    """Add the pages of one language; each is GET and HEAD, and made in a thread."""

    async def answer(request: Request, key: str, make: Callable[[], str]) -> Response:
        page = kept.fresh(key)
        return respond(request, page if page is not None else await run_in_threadpool(kept.get, key, make))

    async def province(request: Request) -> Response:
        return await answer(request, f"{lang}/", partial(pages.province, lang))

    async def area(request: Request, identity: str) -> Response:
        _known(identity, pages.registry.areas)
        return await answer(request, f"{lang}/areas/{identity}", partial(pages.area, lang, identity))

    async def station(request: Request, identity: str) -> Response:
        _known(identity, pages.registry.stations)
        return await answer(request, f"{lang}/stations/{identity}", partial(pages.station, lang, identity))

    async def data(request: Request) -> Response:
        return await answer(request, f"{lang}/data", partial(pages.data, lang))

    async def seals(request: Request) -> Response:
        return await answer(request, f"{lang}/data/seals", partial(pages.seals, lang))

    async def docs(request: Request) -> Response:
        return await answer(request, f"{lang}/docs", partial(pages.docs, lang))

    root = _ROOTS[lang]
    routes: tuple[tuple[str, Callable[..., Any]], ...] = (
        (f"{root}/", province), (f"{root}/areas/{{identity}}", area), (f"{root}/stations/{{identity}}", station),
        (f"{root}/data", data), (f"{root}/data/seals", seals), (f"{root}/docs", docs),
    )  # fmt: skip
    for path, page in routes:
        app.add_api_route(path, page, methods=["GET", "HEAD"], include_in_schema=False)


def _known(identity: str, among: Mapping[str, Any]) -> None:
    if identity not in among:
        raise HTTPException(404)


def _add_plumbing(app: FastAPI, store: ReadingStore, reasons: Callable[[], Sequence[Text]]) -> None:
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    def readyz() -> Response:
        try:
            store.ping()
        except StoreUnavailable:
            return JSONResponse({"status": "not ready"}, 503)
        return JSONResponse({"status": "not ready"}, 503) if reasons() else JSONResponse({"status": "ok"})

    def css() -> Response:
        return Response(
            style()[1], media_type="text/css", headers={"cache-control": "public, max-age=31536000, immutable"}
        )

    for path, answer in (("/healthz", healthz), ("/readyz", readyz), (style()[0], css)):
        app.add_api_route(path, answer, methods=["GET", "HEAD"], include_in_schema=False)


def _add_faults(app: FastAPI, pages: "_Pages") -> None:
    """Answer what cannot be answered: JSON to programs, a page in the address's language to people."""

    def fault(request: Request, status: int, words: Text) -> Response:
        if request.url.path.startswith("/api/"):
            return JSONResponse({"detail": say(words, answers.language(request))}, status)
        lang = "en" if request.url.path.startswith("/en/") else "vi"
        body = pages.missing(lang, str(status), words)
        return Response(body, status, media_type=_HTML, headers={"cache-control": "no-store"})

    def http(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        if isinstance(error, answers.Refused):
            return fault(request, status, error.words)
        if status == 404 and request.url.path.startswith("/api/"):
            return fault(request, status, _NO_LIST)
        return fault(request, status, _FAULTS.get(status, _FAULTS[404]))

    def misasked(request: Request, error: Exception) -> Response:
        wrong = error.errors() if isinstance(error, RequestValidationError) else ()
        return fault(request, 422, api.refusal(request.url.path, wrong))

    def unavailable(request: Request, error: Exception) -> Response:
        log.warning("page_without_store", path=request.url.path, why=str(error))
        return fault(request, 503, _FAULTS[503])

    def broken(request: Request, error: Exception) -> Response:
        log.error("page_failed", path=request.url.path, exc_info=error)
        return fault(request, 500, _FAULTS[500])

    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(RequestValidationError, misasked)
    app.add_exception_handler(StoreUnavailable, unavailable)
    app.add_exception_handler(Exception, broken)


_NO_LIST = Text("There is no such list; those that there are stand at /docs.")
_FAULTS = {
    404: Text("There is no such page. The address may be mistyped, or the station or area has been renamed."),
    405: Text("This address only shows; it takes nothing in."),
    500: Text("The page could not be made. The fault has been written down; please try again later."),
    503: Text("The data cannot be read at the moment. Please try again in a minute."),
}


class _Pages:
    """Makes each page as a string: facts are gathered once, the rest is pure."""

    def __init__(
        self, registry: Registry, store: ReadingStore, engine: Engine, clock: Clock, *, demo: bool,
        seals: Published | None, resolved: Callable[[str], AreaResolving],
    ) -> None:  # fmt: skip
        self._resolved = resolved
        self.registry, self._store, self._engine, self._clock = registry, store, engine, clock
        self._seals = seals
        self._demo, self._band = demo, Band.of(clock, demo=demo)
        self._templates = {lang: environment("reports", lang, registry.zone) for lang in LANGUAGES}
        for lang, templates in self._templates.items():
            templates.filters |= {**said.filters(lang), "bullet": _bullet, "end_of": partial(self._end_of, lang)}

    def _end_of(self, lang: str, point: RollupPoint) -> str:
        end = window_of_mark(point.kind, point.mark, self.registry.zone).end
        return short_when(end, self.registry.zone, lang, end=True)

    def province(self, lang: str) -> str:
        """Make the province page."""
        registry = self.registry
        facts = gather(registry, self._store, self._engine, self._clock.now(), list(registry.stations), _PROVINCE_HOURS)
        view = summary.province(registry, facts)
        wide, narrow = drawn.province_map(view, lang, demo=self._demo)
        parts = [say(part, lang, registry.zone) for part in summary.headline(view)]
        return self._render(
            lang, "province", "/", title=parts[0], headline=", ".join(parts), view=view,
            now=facts.now,
            stations=registry.stations, strips=drawn.strips(view, lang), map_wide=wide, map_narrow=narrow,
            over=view.troubles(State.OVER, State.LATE), within=view.troubles(State.WITHIN),
            advisories=view.troubles(State.ADVISORY), areas=registry.areas, parameters=registry.parameters,
            level_spans=said.LEVEL_SPANS, index_scheme=VERSIONS[_VN_AQI.version(WindowKind.HOUR, registry)],
            capture=registry.province.policies.capture,
        )  # fmt: skip

    def area(self, lang: str, identity: str) -> str:
        """Make the page of an area."""
        registry, found = self.registry, self.registry.areas[identity]
        stations = [one.id for one in registry.stations.values() if one.area == identity]
        facts = gather(registry, self._store, self._engine, self._clock.now(), stations, _PROVINCE_HOURS)
        number = list(registry.areas).index(identity) + 1
        view = summary.AreaView(found, number, tuple(summary.station(registry, facts, one) for one in stations))
        return self._render(
            lang, "area", f"/areas/{identity}", title=name(found.names, lang), view=view,
            answer=_lowered(say(said.area_says(view), lang)),
            now=facts.now, resolving=verdicts.answer(registry, self._resolved(identity), lang, badge="DEMO" if self._demo else ""),
            policies=registry.province.policies,
            as_of=max((one.as_of for one in view.stations if one.as_of), default=None),
        )  # fmt: skip

    def station(self, lang: str, identity: str) -> str:
        """Make the page of a station."""
        registry, found = self.registry, self.registry.stations[identity]
        facts = gather(registry, self._store, self._engine, self._clock.now(), [identity], _STATION_HOURS)
        view = summary.station(registry, facts, identity)
        charts = drawn.station_charts(registry, view, lang, demo=self._demo)
        on = facts.now.astimezone(registry.zone).date()
        return self._render(
            lang, "station", f"/stations/{identity}", title=name(found.names, lang), view=view,
            place=place(found.latitude, found.longitude, lang), charts=charts,
            index_rows=index_rows(registry, self._store, identity, facts.now, facts.confirmations),
            table=drawn.table(registry, charts, lang), now=facts.now,
            daily=bool(charts) and all(one.row.kind is WindowKind.DAY for one in charts),
            laws=[row for row in view.rows if row.limit], capture=registry.province.policies.capture,
            verified=verified_months(facts.verifications, registry),
            certificate=next((one for one in found.certificates if one.holds_on(on)), None),
        )  # fmt: skip

    def data(self, lang: str) -> str:
        """Make the page that says what can be had, and under which licence."""
        origins = {one.origin.text.en: one.origin for one in self.registry.stations.values() if one.origin}
        example = next((one.id for one in self.registry.stations.values() if one.kind == "air"), "")
        area = next(iter(self.registry.areas))
        lists = [
            {"path": one.path.format(area=area) + one.question(example), "words": one.words} for one in api.OPERATIONS
        ]
        return self._render(
            lang,
            "data",
            "/data",
            title=say(Text("Data to download and use"), lang),
            lists=lists,
            origins=origins.values(),
        )

    def seals(self, lang: str) -> str:
        """Make the page that lists the newest seals of the journals, and the key that signs them."""
        found = self._seals.books() if self._seals else {}
        books = {
            worker: [(seal, day in book.pruned()) for day, seal in list(book.seals().items())[: -_SEALS - 1 : -1]]
            for worker, book in found.items()
        }
        title, keys = say(Text("Seals of the journal"), lang), self._seals.keys() if self._seals else []
        return self._render(lang, "seals", "/data/seals", title=title, books=books, keys=keys)

    def docs(self, lang: str) -> str:
        """Make the page that explains the API."""
        return self._render(lang, "docs", "/docs", title="API", operations=api.OPERATIONS)

    def missing(self, lang: str, heading: str, words: Text) -> str:
        """Make the page for what cannot be shown."""
        title = say(Text("Not found"), lang) if heading == "404" else say(Text("Not available"), lang)
        return self._render(lang, "missing", "/", title=title, heading=title, words=say(words, lang))

    def frame(self, lang: str, path: str) -> dict[str, Any]:
        """Return what the frame of every page needs."""
        other = next(one for one in LANGUAGES if one != lang)
        return {
            "root": _ROOTS[lang], "other": other, "other_path": _ROOTS[other] + path, "province": self.registry.province,
            "band": self._band, "now": self._clock.now(),
        }  # fmt: skip

    def _render(self, lang: str, part: str, path: str, **values: Any) -> str:
        template = self._templates[lang].get_template(f"{part}.html")
        return template.render(**{**self.frame(lang, path), "part": part, **values})


def _bullet(row: Row) -> str:
    if row.point is None or row.point.value is None or row.bound is None or row.bound.low is not None:
        return ""
    return bullet(row.point.value, row.bound, {State.OVER: "over", State.ADVISORY: "adv"}.get(row.state, "ok"))


def _lowered(words: str) -> str:
    return words[:1].lower() + words[1:]
