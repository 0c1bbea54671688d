"""Why something is to be looked at again: kept as bits with what waits, never renumbered."""

from enum import IntFlag


class Cause(IntFlag):
    """What has changed. Several may have, before somebody looks."""

    NONE = 0
    READINGS = 1
    FLAGS = 2
    CALENDAR = 4
    OVERRIDE = 8
    CONFIGURATION = 16
