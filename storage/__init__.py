"""Keeps every message, reading and rollup, and the service's own state."""
