"""What people type: one file for each group of commands; what they do is done elsewhere."""

from service.commands import (
    alerts,
    dashboards,
    decode,
    flags,
    gaps,
    indices,
    journal,
    limits,
    qc,
    quarantine,
    readings,
    report,
    running,
    setup,
    state,
    status_share,
    verify,
)

# In the order in which help lists them.
COMMANDS = (
    setup.add, running.add_demo, running.add_run, running.add_setup_influx, state.add, gaps.add, status_share.add, journal.add,
    readings.add_import, readings.add_export, readings.add_recompute, qc.add, decode.add, quarantine.add, flags.add,
    limits.add, indices.add, verify.add, alerts.add, report.add,
    dashboards.add,
)  # fmt: skip
