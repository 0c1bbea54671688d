"""The nouns: readings, flags, units, windows, limits, transitions; no IO, imports nothing of ours."""
