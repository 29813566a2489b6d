"""How the deliveries of a source are getting on: what waits, what failed, what was refused."""
