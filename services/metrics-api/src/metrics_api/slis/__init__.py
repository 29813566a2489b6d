"""SLIs: what is measured of a service, and where its good and bad events come from.

An *SLI* is a ratio of good to valid events, or a number that an objective compares with a value.
Its *feed* says where they come from: the records kept here, samples pushed by others, or queries
to Prometheus. The queries of its *sources* are kept as OpenSLO writes them.
"""
