"""What a value without quotes means, and which ones mean different things to different programs."""

import re
from dataclasses import dataclass

from domain.text import Text

_NOTHING = {"", "~", "null", "Null", "NULL"}
_TRUTH = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_SWITCH = re.compile(r"yes|no|on|off", re.IGNORECASE)
_WHOLE = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_DECIMAL = re.compile(r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?")
# Octal, other bases, with underscores, minutes and seconds, and what is no number at all.
_OTHER_NUMBER = re.compile(
    r"[-+]?0[0-9_]+|[-+]?0[box][0-9a-fA-F_]+|[-+]?[0-9][0-9_]*_[0-9_.]*|[0-9]+(?::[0-5]?[0-9])+|[-+]?\.(?:inf|nan)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Doubtful:
    """A value that programs read differently."""

    written: str
    wrong: Text
    right: Text


def scalar(written: str) -> bool | int | float | str | Doubtful | None:
    """Return what `written`, without quotes, means."""
    if written in _NOTHING:
        return None
    if written in _TRUTH:
        return _TRUTH[written]
    if _WHOLE.fullmatch(written):
        return int(written)
    if _DECIMAL.fullmatch(written):
        return float(written)
    if _SWITCH.fullmatch(written):
        return Doubtful(
            written, Text("`{found}` without quotes is true or false to some programs and text to others", {"found": written}),
            Text('write true or false; as text put it in quotes: "{found}"', {"found": written}),
        )  # fmt: skip
    if _OTHER_NUMBER.fullmatch(written):
        return Doubtful(
            written, Text("`{found}` without quotes is another number to some programs (octal, hours and minutes …)",
                          {"found": written}),
            Text('as text put it in quotes: "{found}"; as a number write it plainly, such as 12', {"found": written}),
        )  # fmt: skip
    return written
