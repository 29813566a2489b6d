"""Fetching records from tools that send none: pages become receipts like any delivery.

A page and the cursor that moves past it are stored in one transaction, so a crash can neither
lose nor skip anything; what overlaps is known by its digest.
"""
