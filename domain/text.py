"""A sentence before it is said: the layers below `present` name it, `present.words` says it in a language."""

import errno
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Text:
    """A sentence of the catalogue, in English, with `{named}` places, and what goes into them.

    Values may be Texts themselves. Extracted into the catalogue by the name of this class, so `message` is
    always a literal.
    """

    message: str
    values: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        """Return the English sentence (for logs and debugging; people get `present.words.say`)."""
        return self.message.format(**self.values)


def N_(message: str) -> str:  # noqa: N802 - the name that translators know
    """Mark a sentence for the catalogue where it is not said yet."""
    return message


def pack(value: Any) -> Any:
    """Return `value` with every Text and moment in it as plain data, for keeping as JSON."""
    if isinstance(value, Text):
        return {"message": value.message, "values": {key: pack(one) for key, one in value.values.items()}}
    return {"moment": value.isoformat()} if isinstance(value, datetime) else value


def unpack(value: Any) -> Any:
    """Return what `pack` was given."""
    if isinstance(value, dict) and value.keys() == {"message", "values"}:
        message: str = value["message"]
        return Text(message, {key: unpack(one) for key, one in value["values"].items()})
    return datetime.fromisoformat(value["moment"]) if isinstance(value, dict) and value.keys() == {"moment"} else value


class QuantracError(Exception):
    """Something a person can put right; said in their language, and never shown as a traceback.

    `exit_status` is what a command ends with: 1 the check found something, 2 wrong use or wrong configuration,
    3 a server that is needed did not answer.
    """

    exit_status = 2

    def __init__(self, text: Text, *, exit_status: int | None = None) -> None:
        """Keep `text`; the plain string of the exception is English."""
        super().__init__(str(text))
        self.text = text
        if exit_status is not None:
            self.exit_status = exit_status


# What the system says in English whatever the reader's language.
_OF_THE_SYSTEM = {
    errno.ENOENT: Text("there is no such file or folder"),
    errno.EACCES: Text("not allowed to this user"),
    errno.EPERM: Text("not allowed to this user"),
    errno.EISDIR: Text("it is a folder"),
    errno.ENOTDIR: Text("something in the path is no folder"),
    errno.EEXIST: Text("it is there already"),
    errno.ENOSPC: Text("the disk is full"),
    errno.EROFS: Text("nothing can be written on that disk"),
}


def system_says(error: OSError) -> Text | str:
    """Return why a file or folder could not be had, to be said in the reader's language where that is known."""
    known = _OF_THE_SYSTEM.get(error.errno or 0)
    return known if known is not None else error.strerror or str(error)
