"""The command `alink-sim demo`: boards register and come online, shown in a live table."""
