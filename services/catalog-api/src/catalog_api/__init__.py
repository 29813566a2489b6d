"""catalog-api: the one truthful catalog of IT services, their owners, stages and portfolios."""
