"""Service requirements: what a customer needs of a service, up to the target that answers it."""
