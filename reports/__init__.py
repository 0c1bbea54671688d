"""What the public sees: pages and the read-only API."""
