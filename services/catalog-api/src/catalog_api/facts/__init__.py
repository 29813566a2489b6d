"""Facts: what catalog-api can say about a service to the criteria of a tollgate."""
