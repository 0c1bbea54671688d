"""The demonstration: everything in one process, on a clock of its own, with nothing but published readings."""
