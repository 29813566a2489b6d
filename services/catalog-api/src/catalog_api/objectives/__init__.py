"""Objectives: the business planning cascade, who serves it, and the alignment report.

An *objective* stands on a layer (corporate, business area, operations) and contributes to its
parent one layer above. A *link* says that a service, a KRA or an improvement objective serves it.
"""
