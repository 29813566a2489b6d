"""Charging: how a service's customers pay, what they consumed, what they were charged and paid.

The *charging model* says what should be charged; recorded *charges* say what was.
"""
