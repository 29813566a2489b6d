"""Opportunities: problems stated neutrally, whom they hurt, what solving them is worth."""
