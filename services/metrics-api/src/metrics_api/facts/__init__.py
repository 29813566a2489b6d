"""Facts: what metrics-api can tell the tollgates about a service, flat and by name."""
