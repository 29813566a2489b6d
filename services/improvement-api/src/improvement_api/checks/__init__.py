"""Checks for machines: an evaluation as JUnit XML, a badge, a scorecard."""
