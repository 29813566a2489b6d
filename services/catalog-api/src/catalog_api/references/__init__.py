"""External references: the names by which ITSM tools know a service.

A reference is (source, name); a null source means any source. Names are compared folded: case and
runs of white space do not count. A service's own key always names that service.
"""
