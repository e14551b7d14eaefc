"""The main job: boards that become themselves, shown in a live table."""
