"""Service reviews: the pack of figures as of its date, decisions, actions, minutes.

A *pack* is what a review looks at: figures of the other services and our own plans and actions,
kept as the inputs that it is made of and the page that they make. A job makes it by an *order*.
"""
