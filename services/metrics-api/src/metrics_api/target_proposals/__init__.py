"""Proposals of harder targets, made when a target was met in three full periods in a row.

A *proposal* is proposed until the target's owner accepts it (the harder target follows the old
one on a day) or declines it, or until it lapses because what it was made of holds no longer.
"""
