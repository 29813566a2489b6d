"""The story of an improvement: from missed targets to a stage that moved, by public APIs only."""
