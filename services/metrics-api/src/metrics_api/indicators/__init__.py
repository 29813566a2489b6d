"""KPIs of services.

- **KPI**: a definition: what is counted, in which unit, which way is better.
- **cell**: the sums of one service over one UTC day or month, from which KPIs are divided.
- **cell delta**: what one transaction of the ingest adds to a cell, until a job folds it in.
- **period**: a stretch of calendar time in a time zone, such as `2016-Q1`.
"""
