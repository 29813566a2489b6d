"""improvement-api: tollgates that decide on stage changes, and plans that improve services.

It owns gate definitions, evaluations, evidence, signatures, decisions, plans and initiatives. It
asks catalog-api and metrics-api for facts, and it alone signs decisions.
"""
