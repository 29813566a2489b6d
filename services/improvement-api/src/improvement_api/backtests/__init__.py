"""Back-tests: what a proposed gate would have said of the evaluations that were made."""
