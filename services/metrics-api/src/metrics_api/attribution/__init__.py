"""Attribution: which service of the catalog a record belongs to.

A *reference* is a service in the words of a tool; copies of the catalog's services and references
are kept here, so that ingest asks nobody. An *attribution* is a decision made here, by name or
record by record; it stands above the catalog's references.
"""
