"""Inbox: what tools sent to a webhook, kept raw until it is processed, and for replays."""
