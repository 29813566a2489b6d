"""RACI: who is responsible, accountable, consulted and informed, per process and service."""
