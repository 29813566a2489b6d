"""The TLS settings of our outgoing connections."""

import ssl
from functools import cache


@cache
def tls_context() -> ssl.SSLContext:
    """Trust in the machine's certificate authorities; reading them takes long: once a process."""
    return ssl.create_default_context()
