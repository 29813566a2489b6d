"""The report on quality and cost: KPIs against targets beside costs against benchmarks.

Costs and benchmarks are read from the copies of the catalog's figures; it is never asked here.
"""
