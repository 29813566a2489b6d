"""Intake: what is the same for records of every kind on their way in, one or millions."""
