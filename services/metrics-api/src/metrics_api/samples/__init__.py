"""Samples that feed SLIs, and sums of them by minute, hour and day for each facet of an SLI.

A sample is found by (SLI, series, moment), so sending it again changes nothing and a late one
lands where it belongs. The sums of the minutes, slices, hours and days that a batch touches are
computed anew in its transaction, so they are exact whatever the order.
"""
