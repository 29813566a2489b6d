"""Where webhooks may go: no subscriber makes us call into the network we stand in (SSRF)."""

import asyncio
import ipaddress
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import httpx

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
# All that is given out of IPv6 for the internet. Outside of it lie what stands for an IPv4 address
# (IPv4-compatible, translated) and site-local addresses, which `ipaddress` takes for global ones.
_GIVEN_OUT = ipaddress.ip_network("2000::/3")
# For protocols (RFC 6890), and used for metadata by a cloud; older Pythons know only parts of it.
_PROTOCOLS = ipaddress.ip_network("192.0.0.0/24")
RESOLVE_TIMEOUT_SECONDS = 5
# Own threads: names that do not resolve keep theirs for long.
_RESOLVERS = ThreadPoolExecutor(max_workers=32, thread_name_prefix="resolve")


class RefusedTarget(Exception):
    """A URL that webhooks must not be sent to; the message says why."""


class UnresolvedTarget(RefusedTarget):
    """The host has no address now; that may change."""


@dataclass(frozen=True)
class Target:
    """A URL whose host was replaced by the address that was checked.

    The name is not looked up again, so that it cannot mean another address when we connect.
    """

    url: httpx.URL
    named: httpx.URL

    def request(self, body: bytes, headers: dict[str, str]) -> httpx.Request:
        return httpx.Request(
            "POST",
            self.url,
            content=body,
            headers={**headers, "Host": self.named.netloc.decode()},
            extensions={"sni_hostname": self.named.raw_host.decode()},
        )


def parse_target(text: str) -> httpx.URL:
    """The URL of a subscriber; RefusedTarget when it is none that webhooks can go to."""
    try:
        url = httpx.URL(text)
        port_is_valid = url.port is None or 0 < url.port < 65536
        host = url.host  # decoded only now: ValueError for `xn--` without a name behind it
    except (httpx.InvalidURL, ValueError):
        raise RefusedTarget("it is not a URL") from None
    if url.scheme not in {"http", "https"} or not port_is_valid:
        raise RefusedTarget("it must be an http or https URL")
    if not host or "%" in host:
        raise RefusedTarget("it must name a host")
    if url.userinfo or url.fragment:
        raise RefusedTarget("it must have neither a password nor a fragment")
    return url


async def resolve_target(text: str, *, allow_private: bool) -> Target:
    """Look the host up and check every address it has; raises RefusedTarget."""
    url = parse_target(text)
    addresses = await _addresses(url)
    if not allow_private:
        for address in addresses:
            if not is_public(address):
                raise RefusedTarget(
                    "its host has a private, loopback or reserved address, and the operator has"
                    " not allowed these (ALLOW_PRIVATE_… in the settings)"
                )
    return Target(url.copy_with(host=str(addresses[0])), url)


async def _addresses(url: httpx.URL) -> list[IpAddress]:
    try:
        async with asyncio.timeout(RESOLVE_TIMEOUT_SECONDS):
            found = await asyncio.get_running_loop().run_in_executor(
                _RESOLVERS, _look_up, url.raw_host.decode()
            )
    except (OSError, UnicodeError, TimeoutError):
        raise UnresolvedTarget("its host has no address now") from None
    return [ipaddress.ip_address(address) for address in found]


def _look_up(host: str) -> list[str]:
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return [str(address[0]).split("%", maxsplit=1)[0] for *_, address in found]


def is_public(address: IpAddress) -> bool:
    """Whether an address lies in the public internet, also inside IPv6 spellings of IPv4."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is not None:
            return is_public(inner)
        if address not in _GIVEN_OUT or address.teredo is not None:
            return False
    return address not in _PROTOCOLS and address.is_global and not address.is_multicast
