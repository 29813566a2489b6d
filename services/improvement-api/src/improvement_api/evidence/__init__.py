"""Evidence: documents attached to a service at a gate, for the criteria that ask for one."""
