"""The demo's catalog: what a small company offers, to whom, at what cost, under which promise."""
