"""One file per channel that apprise does not have."""
