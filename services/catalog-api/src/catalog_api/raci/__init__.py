"""RACI: who is responsible, accountable, consulted and informed, per process and service.

A *chart* belongs to one process of one service and is replaced as a whole; it always has exactly
one accountable. It is *complete* when somebody responsible is named too, and when the roles and
units it names lead to people. Assignments that end keep their row, so that a chart can be read as
it was at any moment.
"""
