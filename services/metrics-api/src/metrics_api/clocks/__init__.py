"""Clocks: how much support time an incident took and has left, and until when it must be done.

A *promise* is a response and a resolution target with the calendars they run on, by an agreement or
by a priority scheme; a *clock* is one of them run over one incident.
"""
