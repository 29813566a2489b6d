"""Imports: what became of each bulk request.

An *import* counts the rows of one request; a *rejection* is a row of it that was not accepted.
"""
