"""Organisation units and the catalog of roles."""
