"""What two of the Tollgate services must agree on: errors, wire models, clients and plumbing."""
