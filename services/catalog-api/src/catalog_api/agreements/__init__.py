"""Agreements: SLA, OLA and underpinning contract; versions, signatures, guarantees."""
