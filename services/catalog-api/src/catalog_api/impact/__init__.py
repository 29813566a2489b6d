"""Impact: what a failure reaches and what a service rests on, as a list and as a picture."""
