"""How `alink-sim` serves a platform, and what asks a running one."""
