"""The service document: everything the catalog knows of a service, in one call."""
