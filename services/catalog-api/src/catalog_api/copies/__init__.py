"""Lists over everything of a kind, for services that keep copies of what the catalog knows."""
