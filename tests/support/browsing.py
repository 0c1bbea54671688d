"""A real Chromium, one for all tests of a module, and what can be seen in a page without anybody's eyes."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

DESKTOP, PHONE = 1280, 360


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start Debian's Chromium; it ends with the block."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield opened
        opened.close()


@dataclass
class Visit:
    """One page in a browser without JavaScript; `asked` and `complaints` are of everything it loaded."""

    page: Page
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def look(self, width: int, scheme: Any) -> dict[str, list[str]]:
        """Return what is wrong to the eye at a width, in `light` or `dark`, each with the elements concerned."""
        self.page.set_viewport_size({"width": width, "height": 800})
        self.page.emulate_media(color_scheme=scheme)
        found: dict[str, list[str]] = self.page.evaluate(_SEEN)
        return {name: places for name, places in found.items() if places}

    def read(self) -> dict[str, list[str]]:
        """Return what is wrong to a screen reader or a keyboard."""
        found: dict[str, list[str]] = self.page.evaluate(_READ)
        return {name: places for name, places in found.items() if places}


@contextmanager
def visit(browser: Browser, address: str, *, width: int = DESKTOP) -> Iterator[Visit]:
    """Open a page, all of its `details` unfolded."""
    context = browser.new_context(
        viewport={"width": width, "height": 800}, java_script_enabled=False, reduced_motion="reduce"
    )
    seen = Visit(context.new_page())
    seen.page.on("request", lambda request: seen.asked.append(request.url))
    seen.page.on("console", lambda message: seen.complaints.append(message.text))
    seen.page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    seen.page.goto(address)
    seen.page.evaluate("() => document.querySelectorAll('details').forEach(one => { one.open = true; })")
    yield seen
    context.close()


# What is hidden from the eye for those who hear the page: its box is clipped away.
_SHARED = """
  const said = one => `${one.tagName.toLowerCase()}.${one.getAttribute('class') || ''} "${
    (one.textContent || '').trim().replace(/\\s+/g, ' ').slice(0, 60)}"`;
  const clipped = one => { for (let at = one; at; at = at.parentElement)
    if (getComputedStyle(at).clipPath !== 'none') return true; return false; };
  const shown = one => one.checkVisibility({visibilityProperty: true}) && !clipped(one);
"""

_SEEN = (
    "() => {"
    + _SHARED
    + """
  const width = document.documentElement.clientWidth;
  const sideways = document.documentElement.scrollWidth > width ? [`${document.documentElement.scrollWidth}`] : [];
  const outside = [], faint = [], small = [], cut = [];
  const numbers = written => (written.match(/[\\d.]+/g) || []).map(Number);
  const light = ([red, green, blue]) => [red, green, blue].map(part => part / 255).map(
    part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  ).reduce((sum, part, place) => sum + part * [0.2126, 0.7152, 0.0722][place], 0);
  const ratio = (one, other) => { const [low, high] = [light(one), light(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05); };
  const behind = one => {
    // The number on a map's mark stands on the shape drawn before it.
    if (one.matches('text.in')) return numbers(getComputedStyle(
      one.parentElement.querySelector(':scope > .m-mark:nth-last-of-type(1), :scope > .m-mark')).fill);
    for (let at = one; at; at = at.parentElement) {
      const colour = numbers(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const drawn = one => one.closest('svg') && one.tagName !== 'svg';
  for (const one of document.querySelectorAll('body *')) {
    if (!shown(one) || (drawn(one) && one.tagName !== 'text')) continue;
    const box = one.getBoundingClientRect(), style = getComputedStyle(one);
    const frame = one.closest('.scroll') && !one.matches('.scroll')
      ? null : drawn(one) ? one.closest('svg').getBoundingClientRect() : {left: 0, right: width};
    if (frame && box.width > 1 && !one.matches('.skip') && (box.right > frame.right + 1 || box.left < frame.left - 1))
      outside.push(said(one));
    const own = [...one.childNodes].some(part => part.nodeType === 3 && part.data.trim());
    if (!own || one.closest('.skip')) continue;
    const size = parseFloat(style.fontSize) * (drawn(one) ? one.closest('svg').getScreenCTM().a : 1);
    if (size < 11) small.push(`${said(one)} ${size.toFixed(1)}px`);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const known = ratio(numbers(drawn(one) ? style.fill : style.color), behind(one));
    if (known < (large ? 3 : 4.5)) faint.push(`${said(one)} ${known.toFixed(2)}`);
    if (!drawn(one) && style.overflow === 'hidden' && one.scrollWidth > one.clientWidth + 1) cut.push(said(one));
  }
  return {sideways, outside, faint, small, cut};
}"""
)

_READ = (
    "() => {"
    + _SHARED
    + """
  const every = chosen => [...document.querySelectorAll(chosen)];
  const named = one => one.getAttribute('aria-label') || (one.getAttribute('aria-labelledby') || '').split(' ')
    .map(id => document.getElementById(id)?.textContent || '').join('').trim() || one.textContent.trim();
  const ids = every('[id]').map(one => one.id);
  const levels = every('h1, h2, h3').map(one => Number(one.tagName[1]));
  return {
    language: ['vi', 'en'].includes(document.documentElement.lang) ? [] : [document.documentElement.lang],
    title: document.title.trim() ? [] : ['none'],
    headings: levels.filter(one => one === 1).length === 1 && levels.every(
      (one, place) => place === 0 || one - levels[place - 1] <= 1) ? [] : levels.map(String),
    main: every('main').length === 1 ? [] : ['none, or two'],
    twice: ids.filter((one, place) => ids.indexOf(one) !== place),
    lost: every('a[href^="#"]').filter(one => !document.getElementById(one.getAttribute('href').slice(1))).map(said)
      .concat(every('[aria-labelledby]').filter(one => one.getAttribute('aria-labelledby').split(' ')
        .some(id => !document.getElementById(id))).map(said)),
    nameless: every('a, button, svg[role], [role=region], section').filter(one => !named(one)).map(said),
    drawings: every('svg:not([aria-hidden]):not(.sprite)').filter(
      one => !one.getAttribute('role') || !one.querySelector('title')
        || (one.getAttribute('role') === 'img' && !one.querySelector('desc')?.textContent.trim())).map(said),
    pictures: every('img:not([alt])').map(said),
    columns: every('thead th:not([scope])').map(said),
    unreachable: every('.scroll').filter(one => one.tabIndex !== 0 || !one.getAttribute('aria-label')).map(said),
    scripts: every('script, [onclick], [onload], iframe').map(said),
  };
}"""
)
