"""Web addresses that secrets may be sent to."""

from ipaddress import ip_address
from urllib.parse import urlsplit


def is_guarded(address: str) -> bool:
    """Whether nobody on the way can read what is sent there: https, or http to this machine itself.

    Addresses with a name and password in them, or with a fragment, aren't taken either.
    """
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    if not host or port == 0 or parts.username is not None or parts.fragment or not address.isprintable():
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_this_machine(host))


def is_this_machine(host: str) -> bool:
    """Whether a host is the loopback of this machine."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
