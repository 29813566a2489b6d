"""Facts: what is known of a service, by name; the merged catalog of all that may be asked."""
