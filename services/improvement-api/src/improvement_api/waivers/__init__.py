"""Waivers: a failed criterion accepted for a time, by whoever answers for the risk."""
