"""OpenSLO: import and export of SLOs as documents."""
