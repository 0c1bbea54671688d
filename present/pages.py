"""What every page shares: templates that speak a language, the style sheet, and how a page is answered over HTTP."""

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from functools import cache, partial
from hashlib import sha256
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from domain.clock import Clock, SimulatedClock
from present import words

_HEADERS = {
    # Nothing from elsewhere, no script at all, and no page inside another's frame.
    "content-security-policy": "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "permissions-policy": "geolocation=(), camera=(), microphone=()",
}

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


@cache
def report_style() -> str:
    """Return the style sheet of a report that is one file."""
    return "".join(files("present").joinpath(one).read_text(encoding="utf-8") for one in ("pages.css", "report.css"))


@cache
def style() -> tuple[str, bytes]:
    """Return the style sheet's path, which changes with its content, and the content."""
    content = report_style().encode()
    return f"/style-{sha256(content).hexdigest()[:12]}.css", content


def environment(package: str, lang: str, zone: ZoneInfo) -> Environment:
    """Return the templates of a package and those that all share, with everything said in `lang`."""
    found = Environment(
        loader=ChoiceLoader([PackageLoader(package), PackageLoader("present")]),
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined, auto_reload=False,
    )  # fmt: skip
    found.globals |= {
        "_": words.translator(lang, zone),
        "lang": lang,
        "style": style()[0],
        "NBSP": words.NBSP,
        "icons": files("present").joinpath("icons.svg").read_text(encoding="utf-8"),
    }
    found.filters |= {
        "number": partial(_number, lang=lang),
        "unit": partial(words.unit, lang=lang),
        "symbol": partial(words.symbol, lang=lang),
        "name": partial(words.name, lang=lang),
        "when": partial(_when, zone=zone, lang=lang),
        "short_when": partial(_short_when, zone=zone, lang=lang),
        "day": partial(words.day, lang=lang),
        "hour": partial(words.hour, zone=zone),
        "duration": partial(words.duration, lang=lang),
        "bound": partial(words.bound_text, lang=lang),
        "iso": lambda moment: moment.astimezone(zone).isoformat(timespec="minutes"),
    }
    return found


def _number(value: float, places: int | None = None, *, lang: str) -> str:
    return words.number(value, places, lang)


def _when(moment: Any, *, zone: ZoneInfo, lang: str, end: bool = False) -> str:
    return words.when(moment, zone, lang, end=end)


def _short_when(moment: Any, *, zone: ZoneInfo, lang: str, end: bool = False) -> str:
    return words.short_when(moment, zone, lang, end=end)


@dataclass(frozen=True, slots=True)
class Band:
    """What stands above every page that does not show the real present: a demonstration, a clock of its own."""

    demo: bool
    speed: float  # seconds of its clock in one second

    @classmethod
    def of(cls, clock: Clock, *, demo: bool) -> "Band | None":
        """Return the band for a service on `clock`, None for one that shows the present."""
        return cls(demo, clock.speed) if demo or isinstance(clock, SimulatedClock) else None


class Guarded:
    """Wraps an ASGI app so that every answer carries the headers that keep its pages to themselves."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._extra = [(name.encode(), value.encode()) for name, value in _HEADERS.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the app does, with the headers added."""

        async def with_headers(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *self._extra]
            await send(message)

        await self._app(scope, receive, with_headers)
