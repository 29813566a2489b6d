"""Stages: the lifecycle of a service, and the signed tollgate decisions that move it.

A *stage* belongs to a *phase* (pipeline, live, retired). A *gate* stands at each stage change.
A *decision* is improvement-api's signed statement; a *transition* is the move it caused.
"""
