"""Root cause analyses: why a major incident happened, its fix, and whether the fix holds."""
