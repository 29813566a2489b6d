"""improvement-api: decides at tollgates and keeps improvement plans."""
