"""Organisation units and the catalog of roles.

Units form a tree; a unit *ends*, it is never deleted. Members belong to a unit from one day to
another, the last day not included. A role that somebody holds for a service need not be in the
catalog of roles: ITSM tools and imports bring names of their own, and refusing them would keep the
truth out of the catalog. They are listed as *uncatalogued* instead.
"""
