"""Numbers computed from readings: rollups and indices."""
