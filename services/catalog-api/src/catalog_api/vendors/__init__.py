"""Vendor products: what vendors supply, under which contract, at what cost and until when."""
