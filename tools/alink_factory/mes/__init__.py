"""Outcomes of boards for the manufacturing execution system (MES) of the factory."""
