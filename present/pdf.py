"""A page as a PDF: WeasyPrint lays it out on paper; it is loaded only when a PDF is made."""

import logging
import re
from functools import cache
from importlib import import_module
from importlib.resources import files

from domain.text import QuantracError, Text

# WeasyPrint gives a drawing neither the page's style sheet nor its symbols: what it needs is put into it.
_STYLE = """<style>text{font-size:12px;font-family:'Noto Sans','Segoe UI',Arial,sans-serif;fill:#16211e}.t2{fill:#46554f}
.tb{font-weight:700}.tk{fill:#a31621;font-weight:600}.tk.adv{fill:#744700}.c-grid{stroke:#cdd5cf;fill:none}
.c-axis{stroke:#6e7b75;fill:none}.c-line{stroke:#1d4f91;stroke-width:2;fill:none}.c-dot{fill:#1d4f91}
.c-hol{fill:#fff;stroke:#1d4f91;stroke-width:1.75}.c-limit{stroke:#a31621;stroke-width:2;fill:none}
.c-ref{stroke:#744700;stroke-width:1.5;stroke-dasharray:6 4;fill:none}.c-over{fill:#a31621;stroke:#fff;stroke-width:.75}
.c-adv{fill:#fff;stroke:#744700;stroke-width:1.75}.c-overfill{fill:#a31621;opacity:.16}.c-overfill.adv{fill:#744700}
.c-cell{fill:none;stroke:#6e7b75;stroke-width:.75}.c-fill{fill:#46554f}.c-fill.low{fill:#9aa59f}.c-bar{fill:#1d4f91}
.c-bar.part{fill:#6d89ad}.c-gap{fill:url(#p-gap)}.c-cal{fill:url(#p-cal)}.pg{stroke:#9aa59f}.pc{stroke:#46554f}</style>"""
_COLOURS = {
    "over": "#fff",
    "late": "#a31621",
    "adv": "#744700",
    "silent": "#3b4861",
    "ok": "#1c5a39",
    "nodata": "#46554f",
}
_DRAWING = re.compile(r'(<svg viewBox="[^"]*" role="img"[^>]*>)')
_ICON = re.compile(r'<svg class="i" aria-hidden="true"><use href="#i-(\w+)"/></svg>')
_SPRITE = re.compile(r'<svg class="sprite".*?</svg>', re.DOTALL)
_PATTERN = re.compile(r"<pattern .*?</pattern>", re.DOTALL)
_SYMBOL = re.compile(r'<symbol id="i-(\w+)" (viewBox="[^"]*")>(.*?)</symbol>', re.DOTALL)


def pdf_of(html: str) -> bytes:
    """Return a page that holds all it needs as a PDF. Raises QuantracError where Pango is not installed."""
    try:
        # Only now: the service runs without Pango as long as nobody wants a PDF.
        paper = import_module("weasyprint")
    except OSError as error:
        raise QuantracError(_no_pango(error)) from error
    # It warns of every style that is for screens only.
    logging.getLogger("weasyprint").setLevel(logging.ERROR)
    written: bytes = paper.HTML(string=self_contained(html), url_fetcher=_nothing_from_elsewhere).write_pdf()
    return written


def _no_pango(error: OSError) -> Text:
    return Text(
        "A PDF needs the library Pango, which is not installed ({why}). On Debian: apt-get install libpango-1.0-0 "
        "libpangoft2-1.0-0 libharfbuzz-subset0 fonts-noto-core. All other formats work without it.",
        {"why": str(error).split(".")[0][:120]},
    )


def _nothing_from_elsewhere(url: str) -> dict[str, object]:
    raise ValueError(url)


def self_contained(html: str) -> str:
    """Return the page with everything in each drawing that it needs."""
    patterns = "".join(_PATTERN.findall(_sprite()))
    drawn = _DRAWING.sub(lambda found: f"{found[1]}{_STYLE}<defs>{patterns}</defs>", _SPRITE.sub("", html))
    return _ICON.sub(_icon, drawn)


def _icon(found: re.Match[str]) -> str:
    box, content = _symbols()[found[1]]
    drawn = content.replace("currentColor", _COLOURS[found[1]])
    return f'<svg class="i" {box} width="11" height="11" aria-hidden="true">{drawn}</svg>'


@cache
def _sprite() -> str:
    return files("present").joinpath("icons.svg").read_text(encoding="utf-8")


@cache
def _symbols() -> dict[str, tuple[str, str]]:
    return {name: (box, content) for name, box, content in _SYMBOL.findall(_sprite())}
