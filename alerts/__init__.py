"""Levels in, messages and cases out."""
