"""Gates: the six tollgates, their immutable versions and the criteria these ask."""
