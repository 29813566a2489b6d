"""Priority schemes: impact × urgency → priority, with the targets of each priority, versioned.

One scheme is the *default*; an *override* gives a service another one.
"""
