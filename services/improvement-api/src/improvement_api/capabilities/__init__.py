"""Capability assessments: the maturity of each process, 0 to 5, each level with its evidence."""
