"""Clocks: response and resolution of incidents in support hours, against scheme and agreement."""
