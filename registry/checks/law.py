"""Regulations, what of them holds for a facility, and that one limit holds at a time."""

from collections.abc import Iterator
from contextlib import suppress
from itertools import combinations
from typing import Any

from domain.text import Text
from registry.checks.known import Finding, Findings, Known, overlap, pairs, span
from registry.contents import Contents, Found
from registry.faults import nearest
from registry.partial import Unreadable

_ONE_AT_A_TIME = Text("let one end (`to`) where the other begins (`from`)")


def ordered(one: Found, _: Known) -> Findings:
    """What is dated begins before it ends."""
    start, end = span(one.item)
    if start >= end:
        yield (
            ("to",), Text("`to` is not after `from`"),
            Text("`from` is the first day, `to` the first day after the last"),
        )  # fmt: skip


def confirmed_by_somebody(one: Found, _: Known) -> Findings:
    """A confirmation has a name and a day."""
    if (one.item.confirmed_by is None) != (one.item.confirmed_on is None):
        given = "confirmed_by" if one.item.confirmed_on is None else "confirmed_on"
        yield (given,), Text("confirmed_by and confirmed_on go together"), Text("write both, or neither")


def confirmed_figure(one: Found, _: Known) -> Findings:
    """Somebody confirms a figure, together with what it is compared with."""
    if one.item.confirmed_by is None:
        return
    if one.item.at_most is None and one.item.at_least is None:
        yield ("confirmed_by",), Text("there is no figure to confirm"), Text("remove confirmed_by and confirmed_on")
    elif one.item.averaging == "unstated":
        yield (
            ("averaging",), Text("its averaging is not stated, so the confirmation would not count"),
            Text("name it (hour, hour8, hour24), or confirm it by `quantrac limits confirm … --averaging`"),
        )  # fmt: skip


def confirmed_by_now(one: Found, known: Known) -> Findings:
    """Nobody has confirmed anything tomorrow."""
    if one.item.confirmed_on is not None and known.today is not None and one.item.confirmed_on > known.today:
        yield (
            ("confirmed_on",), Text("{day} has not come yet", {"day": str(one.item.confirmed_on)}),
            Text("write the day on which it was confirmed"),
        )  # fmt: skip


def regulation(one: Found, known: Known) -> Findings:
    """It is one that there is."""
    yield from known.refer("regulations", one.item.regulation, "regulation")


def in_force(one: Found, known: Known) -> Findings:
    """A regulation holds for nobody on days on which it is not in force."""
    found = known.items("regulations").get(one.item.regulation)
    if found is not None and _rising(one.item) and _rising(found) and not overlap(one.item, found):
        begin, end = (str(day or "…") for day in (found.valid_from, found.valid_to))
        yield (
            (), Text("`{id}` is not in force on these days", {"id": found.id}),
            Text("it holds from {begin} to {end}", {"begin": begin, "end": end}),
        )  # fmt: skip


def _rising(item: Any) -> bool:
    start, end = span(item)
    return start < end


def column(one: Found, known: Known) -> Findings:
    """The licence's column is one of the table."""
    found = known.items("regulations").get(one.item.regulation)
    if found is None or not found.rows or _rows(found, one.item.column):
        return
    columns = sorted({row.column for row in found.rows if row.column})
    wrong = Text("`{id}` has no column `{column}`", {"id": found.id, "column": one.item.column})
    if one.item.column is None:
        wrong = Text("`{id}` has columns, and none is named", {"id": found.id})
    yield ("column",), wrong, Text("possible: {names}", {"names": ", ".join(columns)})


def _rows(regulation: Any, column: str | None) -> list[Any]:
    return [row for row in regulation.rows if row.column in {None, column}]


def _used(one: Found, known: Known) -> set[str] | None:
    found = known.items("regulations").get(one.item.regulation)
    rows = _rows(found, one.item.column) if found is not None else []
    # Where the column is at fault nobody can say which factors are.
    return {name for row in rows for name in row.factors} if rows or (found is not None and not found.rows) else None


def factors_missing(one: Found, known: Known) -> Findings:
    """A limit is multiplied by all of its factors."""
    missing = (_used(one, known) or set()) - {factor.name for factor in one.item.factors}
    if missing:
        yield (
            (), Text("the factors {names} are missing", {"names": ", ".join(sorted(missing))}),
            Text("write each below `factors:`, with `name` and the `value` of the licence"),
        )  # fmt: skip


def factors_unused(one: Found, known: Known) -> Findings:
    """A factor that multiplies nothing is a slip of the pen."""
    used, seen = _used(one, known), set[str]()
    for index, factor in enumerate(one.item.factors):
        place = ("factors", index, "name")
        if factor.name in seen:
            yield place, Text("the factor `{name}` stands twice", {"name": factor.name}), Text("keep one of them")
        elif used is not None and factor.name not in used:
            near = nearest(factor.name, used)
            right = Text("did you mean `{near}`?", {"near": near}) if near else _factors_of(one.item.regulation, used)
            yield place, Text("nothing is multiplied by the factor `{name}`", {"name": factor.name}), right
        seen.add(factor.name)


def _factors_of(regulation: str, used: set[str]) -> Text:
    if not used:
        return Text("remove it: no limit of `{id}` has a factor", {"id": regulation})
    return Text("possible: {names}", {"names": ", ".join(sorted(used))})


def one_regulation_at_a_time(one: Found, known: Known) -> Findings:
    """Two that apply at once do not limit the same."""

    def judge(first: Any, second: Any, index: int) -> Findings:
        if not overlap(first, second):
            return
        if first.regulation == second.regulation:
            yield ("applies", index), Text("the same regulation holds twice on the same days"), _ONE_AT_A_TIME
            return
        both = _limited_by_both(one.item, first, second, known)
        if both:
            yield (
                ("applies", index), Text("`{one}` and `{other}` limit the same at once: {names}",
                    {"one": first.regulation, "other": second.regulation, "names": ", ".join(both)}), _ONE_AT_A_TIME,
            )  # fmt: skip

    yield from pairs(one.item.applies, judge)


def one_oxygen_at_a_time(one: Found, known: Known) -> Findings:
    """The values of a stack are corrected to one oxygen content."""

    def judge(first: Any, second: Any, index: int) -> Findings:
        stated = {first.reference_o2, second.reference_o2} - {None}
        if len(stated) == 2 and overlap(first, second) and _for_stacks(first, known) and _for_stacks(second, known):
            yield (
                ("applies", index, "reference_o2"), Text("two reference oxygen contents hold on the same days"),
                Text("write the one of the licence, at one of the two"),
            )  # fmt: skip

    yield from pairs(one.item.applies, judge)


def _for_stacks(applies: Any, known: Known) -> bool:
    found = known.items("regulations").get(applies.regulation)
    return found is not None and "stack" in found.kinds


def _limited_by_both(facility: Any, first: Any, second: Any, known: Known) -> list[str]:
    area = known.items("areas").get(facility.area)
    here = {area.kind} if area is not None else set()
    ours, theirs = (known.items("regulations").get(one.regulation) for one in (first, second))
    if ours is None or theirs is None or not set(ours.kinds) & set(theirs.kinds):
        return []
    return sorted({
        f"{row.parameter} ({row.averaging})"
        for row in _limits(ours, first.column, here) for other in _limits(theirs, second.column, here)
        if (row.parameter, row.averaging, row.needs_reference_o2)
        == (other.parameter, other.averaging, other.needs_reference_o2)
        and overlap(first, second, row, other, ours, theirs)
    })  # fmt: skip


def _limits(regulation: Any, column: str | None, area_kinds: set[str]) -> list[Any]:
    return [
        row
        for row in _rows(regulation, column)
        if _is_limit(row) and (not row.area_kinds or not area_kinds or area_kinds & set(row.area_kinds))
    ]


def _is_limit(row: Any) -> bool:
    # Also one that has not been obtained: it is law all the same.
    return row.class_name is None


def one_limit_at_a_time(one: Found, known: Known) -> Findings:
    """A parameter and averaging have one permit; one whose averaging is not stated is compared with the policy's."""

    def what(permit: Any) -> tuple[str, str, bool]:
        averaging = known.unstated if permit.averaging == "unstated" else permit.averaging
        return permit.parameter, averaging, permit.needs_reference_o2

    def judge(first: Any, second: Any, index: int) -> Findings:
        if what(first) == what(second) and overlap(first, second):
            yield (
                ("permits", index),
                Text("two limits for `{id}` on the same days", {"id": first.parameter}),
                _ONE_AT_A_TIME,
            )

    yield from pairs(one.item.permits, judge)


def one_capacity_at_a_time(one: Found, _: Known) -> Findings:
    """A facility has one licensed capacity and one level of leachate on a day."""
    for key in ("licensed_capacity", "leachate_level"):

        def judge(first: Any, second: Any, index: int, key: str = key) -> Findings:
            if overlap(first, second):
                yield (key, index), Text("two hold on the same days"), _ONE_AT_A_TIME

        yield from pairs(getattr(one.item, key), judge)


def one_row_at_a_time(one: Found, _: Known) -> Findings:
    """A regulation does not contradict itself."""

    def judge(first: Any, second: Any, index: int) -> Findings:
        if _contradict(first, second):
            yield _contradiction(first, second, ("rows", index))

    yield from pairs(one.item.rows, judge)


def _contradict(one: Any, other: Any) -> bool:
    def what(row: Any) -> tuple[str | None, ...]:
        return row.parameter, row.averaging, row.column, row.class_name

    areas = not one.area_kinds or not other.area_kinds or bool(set(one.area_kinds) & set(other.area_kinds))
    return what(one) == what(other) and areas and overlap(one, other)


def _contradiction(first: Any, second: Any, place: tuple[str | int, ...]) -> Finding:
    return (
        place, Text("`{one}` and `{other}` limit the same parameter and averaging on the same days",
                    {"one": first.row, "other": second.row}),
        Text("one limit at a time: end one (`to`), or say the column or area_kinds of each"),
    )  # fmt: skip


def general_regulations(contents: Contents) -> Iterator[tuple[Found, Findings]]:
    """Yield what is wrong between regulations that hold everywhere: a new one begins where the old one ends."""
    for first, second in combinations(contents.of("regulations"), 2):
        with suppress(Unreadable):
            if first.item.general and second.item.general and overlap(first.item, second.item):
                yield second, _between(first.item, second.item)


def _between(first: Any, second: Any) -> Findings:
    if not set(first.kinds) & set(second.kinds):
        return
    both = sorted({
        row.parameter
        for row in first.rows for other in second.rows
        if _is_limit(row) and _is_limit(other) and _contradict(row, other) and overlap(first, second, row, other)
    })  # fmt: skip
    if both:
        yield (
            ("from",), Text("`{one}` and `{other}` limit the same at once: {names}",
                            {"one": first.id, "other": second.id, "names": ", ".join(both)}), _ONE_AT_A_TIME,
        )  # fmt: skip
