"""Ownership: who holds which role for a service, now and before.

An *owner* is a person in a role. A live service has exactly one `service_owner`.
"""
