"""The tollgate command line: speaks only the public APIs."""
