"""Objectives: the business planning cascade, who serves it, and the alignment report."""
