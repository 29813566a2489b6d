"""Trends: whether a KPI of a service gets better or worse, and when its target will be crossed.

- **trend**: of one service and KPI: direction, significance, slope, forecast; all versions stay.
- **raised risk**: what makes one degrading trend raise one risk in the catalog, before the breach.
"""
