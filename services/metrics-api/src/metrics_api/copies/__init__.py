"""Copies of what the catalog knows beside services: calendars, schemes, agreements, customers …"""
