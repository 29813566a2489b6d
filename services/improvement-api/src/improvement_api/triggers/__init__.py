"""Triggers: rules that open an opportunity when figures say so, each cause once.

What customers say again and again opens a plan by its theme instead: see feedback.
"""
