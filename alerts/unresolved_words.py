"""The message that what is in quarantine will be lost."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from alerts.wording import Content, Envelope, Voice
from present import words
from storage.quarantine import Cause

# A mail that names more is read by nobody; the command lists them all.
_MOST_CAUSES = 8


@dataclass(frozen=True, slots=True)
class Unresolved:
    """What is about to be lost: messages received on UTC days from `first` to `last`, the first of them at `gone_at`."""

    first: date
    last: date
    gone_at: datetime
    causes: Sequence[Cause]
    messages: int
    due: datetime  # the last day that was looked at: names the message for good


def unresolved(voice: Voice, envelope: Envelope, waiting: Unresolved) -> Content:
    """Say how many messages of which causes will be gone, when, and what can be done until then."""
    _ = voice.translate
    count, by = waiting.messages, words.short_when(waiting.gone_at, voice.registry.zone, voice.lang)
    on = words.day(waiting.first, voice.lang, short=True)
    if waiting.last != waiting.first:
        on = f"{on} – {words.day(waiting.last, voice.lang, short=True)}"
    kind = _("Messages in quarantine will be lost")
    subject = _("{kind}: {count}, from {by} on ({number})", kind=kind, count=count, by=by, number=envelope.number)
    first = _("{kind}: {count} messages received on {on} could not be understood, and nobody has resolved them. From {by} "
              "on they are deleted, and cannot be read again.", kind=kind, count=count, on=on, by=by)  # fmt: skip
    causes = tuple(_line(voice, one) for one in waiting.causes[:_MOST_CAUSES])
    more = len(waiting.causes) - len(causes)
    rest = (_("And {count} further causes.", count=more),) if more else ()
    remedy = (
        _("Put the cause right in the configuration, restart the service, and have the messages read again: quantrac "
          "quarantine replay. Their readings, averages and alerts follow."),
        _("What nobody needs, such as a bench test, is given up with: quantrac quarantine discard. All of it is listed by: "
          "quantrac quarantine list --grouped."),
    )  # fmt: skip
    demo = ("demo",) if voice.links.demo else ()
    parts = ((_("Causes:"), *causes, *rest), remedy, (*voice.made_up(demo, None), *voice.footer(envelope)))
    short = _("{kind}: {count}, from {by} on", kind=kind.upper(), count=count, by=by)
    return Content(subject, first, parts, (f"{short}. {envelope.number}",))


def _line(voice: Voice, one: Cause) -> str:
    return voice.translate(
        "{count} × {whence}: {sentence}",
        count=one.messages, whence=one.station or one.topic or "–", sentence=voice.say(one.message),
    )  # fmt: skip
