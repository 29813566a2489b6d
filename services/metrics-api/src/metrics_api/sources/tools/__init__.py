"""The ITSM tools that are known: one pure module each reads what its tool sends.

A module offers `TOOL` (see `registry`): how deliveries are signed, `normalise(payload, config)`
into our own records' fields, the key by which repeats are known, built-in mappings, and the text
that tells an administrator how to set the tool up. What a tool says and we do not know is kept.
"""
