"""What all our outgoing connections share: trust, and one look for a library instead of many."""

import ssl
import sys
from functools import cache
from importlib.util import find_spec

# httpcore imports sniffio at every request. Where it is not installed, that searches the disk
# each time, for a millisecond; with this entry the import fails at once, as it would have.
if find_spec("sniffio") is None:
    sys.modules["sniffio"] = None  # type: ignore[assignment]


@cache
def tls_context() -> ssl.SSLContext:
    """Trust in the machine's certificate authorities; reading them takes long: once a process."""
    return ssl.create_default_context()
