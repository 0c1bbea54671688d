"""The reports of the portal: a list of them, and each as HTML, CSV and JSON. PDFs are made by `quantrac report`, never here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from sqlalchemy.engine import Engine
from starlette.exceptions import HTTPException

from domain.clock import Clock
from domain.text import Text
from present.pages import environment
from present.words import LANGUAGES, say
from registry.lookup import Registry
from reports.answers import respond
from reports.kept import Kept
from reports.periodic import make_report
from reports.periods import Period, PeriodKind
from reports.render import Renderer
from reports.report_words import period_name
from storage.readings import ReadingStore

_MONTHS = 12
# A visitor asks for the newest few; who goes through all of them has each made once more.
_KEPT_S, _MOST = 300.0, 64
_TYPES = {"html": "text/html; charset=utf-8", "csv": "text/csv; charset=utf-8", "json": "application/json"}

# The values that every page of the portal has, by language and path.
Frame = Callable[[str, str], Mapping[str, Any]]


@dataclass(frozen=True)
class Shelf:
    """What is needed to make a report on request."""

    registry: Registry
    store: ReadingStore
    engine: Engine
    clock: Clock
    frame: Frame
    demo: bool

    def listing(self, lang: str) -> str:
        """Make the page that lists the reports: of each area the newest full day, the last months and years."""
        found = environment("reports", lang, self.registry.zone).get_template("reports.html")
        periods = [(f"{one.kind}/{one.key}", period_name(one, lang)) for one in self.periods()]
        return found.render(
            **self.frame(lang, "/reports/"), part="reports", title=say(Text("Reports"), lang), periods=periods,
            areas=self.registry.areas.values(),
        )  # fmt: skip

    def periods(self) -> list[Period]:
        """Return the periods that the list offers, the shortest and newest first."""
        today = self._today
        months = [Period.of(PeriodKind.MONTH, today)]
        while len(months) < _MONTHS:
            months.append(Period.of(PeriodKind.MONTH, months[-1].first - timedelta(days=1)))
        years = [Period.of(PeriodKind.YEAR, date(today.year - back, 1, 1)) for back in range(2)]
        return [Period.of(PeriodKind.DAY, today - timedelta(days=1)), *months, *years]

    @property
    def _today(self) -> date:
        return self.clock.now().astimezone(self.registry.zone).date()

    def period(self, kind: str, key: str) -> Period:
        """Return the period of an address; raises HTTPException (404) where there is none or it has not begun."""
        try:
            found = Period.read(PeriodKind(kind), key)
        except (ValueError, OverflowError) as error:
            raise HTTPException(404) from error
        oldest = self._today.year - self.registry.province.policies.trend_years
        if found.key != key or found.first > self._today or found.first.year < oldest:
            raise HTTPException(404)
        return found

    def report(self, lang: str, period: Period, area: str, form: str) -> str:
        """Make one report in one form."""
        report = make_report(self.registry, self.store, self.engine, self.clock.now(), period, [area])
        renderer = Renderer(self.registry, self.demo)
        if form == "csv":
            return renderer.write(report, "csv", lang).decode()
        if form == "json":
            return renderer.write(report, "json", lang).decode()
        path = f"/reports/{period.kind}/{period.key}/{area}"
        values = renderer.values(report, lang)
        return environment("reports", lang, self.registry.zone).get_template("report.html").render(**{
            **self.frame(lang, path), **values, "part": "reports", "title": values["said"].title, "data_path": path,
        })  # fmt: skip


def make_router(shelf: Shelf) -> APIRouter:
    """Return the routes `/reports/` and below, in both languages."""
    router = APIRouter()
    kept = Kept(_KEPT_S if not shelf.demo else 1.0, _MOST)

    async def answer(request: Request, key: str, make: Callable[[], str], form: str = "html") -> Response:
        page = kept.fresh(key)
        return respond(
            request, page if page is not None else await run_in_threadpool(kept.get, key, make), _TYPES[form]
        )

    def add(lang: str, root: str) -> None:
        async def listing(request: Request) -> Response:
            return await answer(request, f"{lang}/", lambda: shelf.listing(lang))

        async def report(request: Request, kind: str, key: str, name: str) -> Response:
            area, _, ending = name.partition(".")
            form = ending or "html"
            if area not in shelf.registry.areas or form not in _TYPES or ending == "html":
                raise HTTPException(404)
            period = shelf.period(kind, key)
            return await answer(
                request, f"{lang}/{kind}/{key}/{name}", lambda: shelf.report(lang, period, area, form), form
            )

        for path, page in (("/reports/", listing), ("/reports/{kind}/{key}/{name}", report)):
            router.add_api_route(f"{root}{path}", page, methods=["GET", "HEAD"], include_in_schema=False)

    for lang in LANGUAGES:
        add(lang, "" if lang == "vi" else f"/{lang}")
    return router
