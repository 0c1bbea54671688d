"""What the bench takes for the alarm of a short spike, and that it measures no service that misses one."""

from email.message import EmailMessage

import pytest

from bench.alert import until_mailed
from bench.province import OtherThanSent, name
from support.mail import Mailbox

ALARM = "Tiếp nhận: http://127.0.0.1/a/abcdefghijklmnop\n\nTrạm {station}"
END = "Đã trở lại mức thường: trạm {station}"


def mailbox(*mails: tuple[float, str, int]) -> Mailbox:
    """Return one that took each text, about the station of that number, at that moment."""
    box = Mailbox()
    for at, text, station in mails:
        mail = EmailMessage()
        mail.set_content(text.format(station=name(station)))
        box.mails.append(mail)
        box.taken_at.append(at)
    return box


def test_a_spike_lasts_until_its_own_alarm_was_taken() -> None:
    """Mails that say that it has ended are none, and the order of the mails is that of nothing else."""
    box = mailbox((11.0, ALARM, 2), (11.5, END, 2), (12.5, ALARM, 1), (13.0, END, 1))
    assert list(until_mailed(box, {name(1): 10.0, name(2): 10.5})) == [0.5, 2.5]


@pytest.mark.parametrize(
    ("mails", "wrong"),
    [
        ([(11.0, ALARM, 1), (11.1, END, 1)], "NT-00002: 0"),
        ([(11.0, ALARM, 1), (11.1, ALARM, 2), (11.2, ALARM, 2)], "NT-00002: 2"),
        ([(11.0, ALARM, 1), (11.1, ALARM, 2), (11.2, ALARM, 3)], "no station: 1"),
    ],
)
def test_a_service_that_misses_a_spike_or_tells_it_twice_is_not_measured(
    mails: list[tuple[float, str, int]], wrong: str
) -> None:
    """However fast the others were: the bench ends with the stations that were not told once."""
    with pytest.raises(OtherThanSent, match=wrong):
        list(until_mailed(mailbox(*mails), {name(1): 10.0, name(2): 10.5}))
