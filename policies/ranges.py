"""Address ranges."""

from ipaddress import ip_network

WIDEST = {4: 8, 6: 16}
"""Shortest prefix that is still somebody's network: 0.0.0.0/1 and 128.0.0.0/1 together are the internet as well."""


def wide(value: object) -> bool:
    """Whether a range is (a large part of) the internet; what is no range counts as one, for nobody knows what it lets in."""
    try:
        network = ip_network(str(value).strip(), strict=False)
    except ValueError:
        return True
    return network.prefixlen < WIDEST[network.version]
