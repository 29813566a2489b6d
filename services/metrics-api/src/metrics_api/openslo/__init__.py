"""OpenSLO: import and export of SLIs, SLOs and alert policies as OpenSLO v1 documents.

A *document* is one object as people write it (YAML or JSON); a *plan* is what documents come to
here. What OpenSLO has no word for travels in annotations that begin with `tollgate/`.
"""
