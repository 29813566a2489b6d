"""The service performance report: a KPI of all services by period, against targets.

The same rows as JSON, as CSV, and as a page that needs nothing but itself.
"""
