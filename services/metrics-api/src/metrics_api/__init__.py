"""metrics-api: ingests what ITSM tools push and measures how services perform."""
