"""What an alert rests on, for lists and for people."""

from collections.abc import Iterator
from typing import Any

from domain.limit import Bound
from domain.text import Text
from present.words import bound_text, number, say, shown, with_unit
from registry.lookup import Registry
from storage.alerting import AlertRow


def grounds(one: AlertRow, lang: str) -> dict[str, Any]:
    """Return the record of an alert as JSON has it; sentences in the language `lang`."""
    record = one.record
    factors = zip(record.factors, record.figures[1:], record.factors_confirmed or (None,) * 9, strict=False)
    return {
        "window": record.window, "suspect": record.suspect, "calibrating": record.calibrating,
        "windows_over": record.over, "levels": [{"end": end, "level": level} for end, level in record.levels],
        "law": None if record.row is None else {
            "row": record.row, "regulation": record.regulation, "document": record.document, "clause": record.clause,
            "column": record.column, "averaging": record.averaging, "said": record.row_figure,
            "valid_from": record.row_from, "valid_to": record.row_to, "confidence": record.confidence,
            "confirmed_by": record.confirmed_by, "confirmed_on": record.confirmed_on,
        },
        "figure": record.figures[0] if record.figures else None, "figure_unit": record.row_unit,
        "factors": [{"name": name, "value": value, "confirmed": by} for name, value, by in factors],
        "earlier_limits": [
            {"row": each.row, "document": each.document, "clause": each.clause, "limit_low": each.low,
             "limit_high": each.high, "until": each.until}
            for each in record.earlier
        ],
        "grade": record.grade, "certificate": record.certificate,
        "conditions": [say(text, lang) for text in record.unmet],
        "check_instrument": [say(text, lang) for text in record.doubts],
        "versions": {
            "software": record.software or None, "checks": record.checks or None,
            "configuration": _hashed(record.configuration), "figures_configuration": _hashed(record.figures_by),
        },
    }  # fmt: skip


def _hashed(configuration: int) -> str | None:
    return f"{configuration:016x}" if configuration else None


def grounds_said(one: dict[str, Any], registry: Registry, lang: str) -> Iterator[Text]:
    """Yield in sentences what an alert rests on; `one` as lists have it."""
    yield Text("{case}: {kind}, {rule}, {station} {parameter}", {**one, "parameter": one["parameter"] or ""})
    yield Text("  since {since}, closed {closed}", {**one, "closed": one["closed"] or "–"})
    parameter = registry.parameters.get(one["parameter"] or "")
    if parameter is None or one["level"] is None:
        return
    bound = Bound(one["limit_low"], one["limit_high"])
    unit = parameter.unit

    def level(value: float | None) -> str:
        return "–" if value is None else with_unit(shown(value, bound, parameter.precision, lang), unit, lang)

    yield Text("  level {level}, peak {peak}, limit {limit}",
               {"level": level(one["level"]), "peak": level(one["peak"]),
                "limit": with_unit(bound_text(bound, lang), unit, lang)})  # fmt: skip
    yield Text("  {valid} of {expected} values valid, {suspect} suspect, {calibrating} during calibration", one)
    yield from _law(one, lang)
    yield from (Text("  advisory, because {reason}", {"reason": reason}) for reason in one["conditions"])
    yield from (Text("  note: {reason}", {"reason": reason}) for reason in one["check_instrument"])
    yield Text("  instrument: {grade}, certificate {certificate}",
               {"grade": one["grade"] or "–", "certificate": one["certificate"] or "–"})  # fmt: skip
    yield Text("  software {software}, checks {checks}, configuration {configuration}, that of the figures "
               "{figures_configuration}", {key: value or "–" for key, value in one["versions"].items()})  # fmt: skip


def _law(one: dict[str, Any], lang: str) -> Iterator[Text]:
    law = one["law"]
    if law is None:
        return
    values = {key: "–" if value is None else value for key, value in law.items()}
    yield Text("  row {row}: {document}, {clause}, column {column}: {said}, in force {valid_from} to {valid_to}, "
               "confidence {confidence}", values)  # fmt: skip
    if one["factors"]:
        parts = [number(one["figure"], None, lang), *(f"{each['name']} {number(each['value'], None, lang)}" for each in one["factors"])]  # fmt: skip
        yield Text("  limit = {arithmetic} {unit}", {"arithmetic": " × ".join(parts), "unit": one["figure_unit"] or ""})
    if law["confirmed_by"] is not None:
        yield Text("  confirmed by {confirmed_by}, {confirmed_on}", law)
    for each in one["earlier_limits"]:
        bound = Bound(each["limit_low"], each["limit_high"])
        yield Text("  until {until} by row {row}, limit {limit}", {**each, "limit": bound_text(bound, lang)})
