"""Service reviews: the pack of figures as of its date, decisions, actions, minutes."""
