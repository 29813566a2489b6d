"""Business cases: what a plan costs and brings over time, how sure that is, and what came of it.

`texts.py` is what people write, `cash_flows.py` lays it out over time, `measures.py` and
`returns.py` make figures of it, `sensitivity.py` varies the assumptions, `realisation.py` sets
what was booked beside it. All of these are pure and exact; only what is shown is rounded.
"""
