"""Sources: the registered ITSM tools.

A *source* says how its records are to be read (delivery, time zone, mappings); an *API key*
belongs to one source and may only write that source's records.
"""
