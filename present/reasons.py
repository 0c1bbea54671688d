"""The reasons of a flag, in words."""

from collections.abc import Mapping

from domain.flag import Reason
from domain.text import Text

# What each check, calendar or person found; the name in files is `domain.flag.REASON_NAMES`.
REASONS: Mapping[Reason, Text] = {
    Reason.RANGE: Text("out of the plausible range"),
    Reason.SUSPECT_RANGE: Text("out of the usual range"),
    Reason.SPIKE: Text("a spike"),
    Reason.RATE: Text("changes too fast"),
    Reason.FLAT: Text("does not change"),
    Reason.ATTENUATED: Text("varies too little"),
    Reason.GAP: Text("first after a gap"),
    Reason.CLIMATOLOGY: Text("unusual for the month"),
    Reason.CROSS: Text("contradicts another parameter of the station"),
    Reason.NEIGHBOURS: Text("differs from the other stations of the area"),
    Reason.PINNED: Text("keeps to the end of the range or just below a limit"),
    Reason.OWN_STEP: Text("a greater step than is usual for this station"),
    Reason.COMPANION: Text("another parameter of the station is missing or failed"),
    Reason.MAINTENANCE: Text("maintenance by the calendar"),
    Reason.FAULT_CALENDAR: Text("a fault by the calendar"),
    Reason.OVERRIDE: Text("set by a person"),
    Reason.OWN_LEVEL: Text("far from what is usual for this station"),
    Reason.UNSTEADY: Text("jumps about for days"),
    Reason.STUCK: Text("keeps to one level for hours"),
    Reason.NO_OXYGEN: Text("not computed: oxygen is missing"),
    Reason.OXYGEN_CUT_OFF: Text("not computed: oxygen is above the cut-off"),
    Reason.NO_REFERENCE_O2: Text("not computed: the facility's reference oxygen is not known"),
    Reason.NO_FLOW: Text("not computed: the flow is missing"),
    Reason.NO_GAS_STATE: Text("not computed: temperature, pressure or moisture of the gas is missing"),
}
