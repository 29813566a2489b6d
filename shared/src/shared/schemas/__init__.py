"""Wire models that cross a service boundary, one file per owning service."""
