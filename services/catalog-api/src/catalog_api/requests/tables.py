"""Requests: what customers asked for, and its way through the fulfilment steps."""
