"""Service requirements: what a customer needs, from feedback to the target that answers it."""
