"""A report in each of its formats, from one template and one gathering of figures."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from domain.text import Text
from present.pages import environment, report_style
from present.pdf import pdf_of
from present.words import say
from registry.lookup import Registry
from reports import report_data, report_words
from reports.periodic import Report
from reports.periods import PeriodKind

Format = Literal["html", "pdf", "csv", "json"]
FORMATS: tuple[Format, ...] = ("html", "pdf", "csv", "json")
# These hold what is said in a language; the others hold data only.
SAID: frozenset[Format] = frozenset({"html", "pdf"})

_HEADS = {
    PeriodKind.DAY: Text("Figure of the day"), PeriodKind.MONTH: Text("Figure of the month"),
    PeriodKind.YEAR: Text("Figure of the year"),
}  # fmt: skip


@dataclass(frozen=True)
class Renderer:
    """Writes reports of one configuration."""

    registry: Registry
    demo: bool

    def write(self, report: Report, form: Format, lang: str) -> bytes:
        """Return a report in a format. Raises QuantracError where it cannot be made."""
        if form == "json":
            return report_data.as_json(self.registry, report, demo=self.demo)
        if form == "csv":
            return report_data.as_csv(self.registry, report, demo=self.demo)
        html = self.html(report, lang)
        return pdf_of(html) if form == "pdf" else html.encode()

    def html(self, report: Report, lang: str) -> str:
        """Return the report as one page that holds all it needs."""
        found = environment("reports", lang, self.registry.zone)
        return found.get_template("report_file.html").render(**self.values(report, lang), css=report_style())

    def values(self, report: Report, lang: str) -> dict[str, Any]:
        """Return what the report's template takes."""
        return {
            "said": report_words.said(self.registry, report, lang, demo=self.demo), "province": self.registry.province,
            "demo": self.demo, "configuration": f"{self.registry.hash:016x}"[:12],
            "last_day": report.period.after - timedelta(days=1), "day_report": report.period.kind is PeriodKind.DAY,
            "figure_head": say(_HEADS[report.period.kind], lang),
        }  # fmt: skip
