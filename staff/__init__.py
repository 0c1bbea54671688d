"""What the department uses: signed links, health and metrics; its own address."""
