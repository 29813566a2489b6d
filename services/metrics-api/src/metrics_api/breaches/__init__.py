"""Breaches: clocks that ran out. Each is a row once per clock of an incident, told once."""
