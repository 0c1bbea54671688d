"""What is measured, and against what: `make bench` prints one table, every ratio from one run."""
