"""Good and valid events of SLIs over stretches of time, from sums of samples or live from records.

A *look* is what an objective looks at; each that is *asked* gives one pair of sums.
"""
