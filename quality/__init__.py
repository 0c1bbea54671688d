"""Judges readings, never removes them."""
