"""`make bench`: speed as ratios to a limit measured in the same run. Never part of `make test`."""
