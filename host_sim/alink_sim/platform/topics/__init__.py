"""What devices publish and are sent: one module a family of topics."""
