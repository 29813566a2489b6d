"""Artifact register: the ten key artifacts of service management and their completeness.

An artifact is *realised* by resources: documents and portals by uri, and things of the catalog by
key. Its *completeness* is the mean of its checks: an owner, a review date that has not passed, a
resource that is still there, and what the catalog really holds. Reading the register counts anew;
tollgates read the last *assessment*, which a job and every change of the register renew.
"""
