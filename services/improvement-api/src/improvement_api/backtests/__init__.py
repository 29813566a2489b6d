"""Back-tests: which verdicts of the past a proposed version of a gate would have changed."""
