"""What the platform knows, in memory and at rest."""
