"""Signatures: a person of a role stands by one evaluation and the hash of its facts."""
