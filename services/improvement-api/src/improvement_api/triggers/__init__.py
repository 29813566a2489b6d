"""Triggers: rules that open an opportunity when figures say so, each cause once."""
