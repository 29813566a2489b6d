"""Calendars: weekly hours and closed days in a time zone, versioned.

A *version* never changes: it keeps the public holidays it was saved with, so that the hours it
counts stay the same when the library of holidays is corrected.
"""
