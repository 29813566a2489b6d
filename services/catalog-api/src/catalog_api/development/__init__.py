"""Development records: design package, build, tests and transition readiness."""
