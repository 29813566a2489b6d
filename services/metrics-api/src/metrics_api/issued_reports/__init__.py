"""Reports that were issued: they give the same bytes for ever."""
