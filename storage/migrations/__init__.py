"""The schema of the state, change by change."""
