"""Credits: what a guarantee owes for a missed service level target."""
