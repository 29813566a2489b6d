"""Registry: the services themselves, their own fields and how they are found.

A *service* is an IT service under an immutable, never reused key. Its *revision* grows with every
change, also of its owners, external references and stage. It is never deleted: it retires.
"""
