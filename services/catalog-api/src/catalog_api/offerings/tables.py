"""Offerings: the entries of the customer-facing catalog, with form and fulfilment plan."""
