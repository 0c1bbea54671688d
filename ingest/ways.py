"""The ways in that are no topic of a broker, and what every way takes. Kept apart: receipt needs nothing of what reads."""

# What `quantrac import` writes stands in the journal as native messages of the station, whatever the station itself
# speaks. No client can publish under a topic that begins with $, so nobody else can use these ways in.
IMPORTED = "$import/"

# A file that came by FTP, under its path in the watched folder.
FILES = "$files/"

# One moment of one station is a few kilobytes; what is larger is no reading, and reading it would hold up the rest.
MOST_BYTES = 256 * 1024
