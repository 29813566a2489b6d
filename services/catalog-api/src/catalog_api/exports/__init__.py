"""Export: portfolios and services in the shape in which their bulk upserts take them.

The `items` of a page are the body of one upsert, here or in another installation: portfolios
first, then services. The stage is left out, as an upsert refuses it: a service moves through its
gates, or is onboarded at its stage.
"""
