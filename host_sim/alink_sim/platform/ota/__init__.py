"""OTA: update packages, the jobs that bring them to devices, and their files."""
