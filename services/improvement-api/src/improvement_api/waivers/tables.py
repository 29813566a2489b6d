"""Tables of waivers."""
