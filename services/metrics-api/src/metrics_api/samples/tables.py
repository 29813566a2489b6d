"""Tables of samples."""
