"""Currencies: exchange rates by the day they hold from; without one, money is never added up."""
