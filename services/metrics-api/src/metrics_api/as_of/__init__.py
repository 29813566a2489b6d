"""As-of: figures as they were known at a moment."""
