"""The configuration files become one validated, frozen object; every fault is named with file, line and key."""
