"""`alink-sim board`: run the application in a folder on simulated boards, or start a project."""
