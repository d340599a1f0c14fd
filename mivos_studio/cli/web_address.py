"""Addresses that weights may be downloaded from: https from anywhere, http from this computer alone."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urljoin, urlsplit

_LONGEST = 2000
"""Characters of an address."""
_PRINTABLE = re.compile(r"[!-~]+")
_HOST_NAME = re.compile(r"[A-Za-z0-9._-]+")
_LONGEST_LABEL = 63
_MOST_SHOWN = 80


class AddressError(Exception):
    """What is wrong with an address, as a clause."""


def check_folder(address: str) -> None:
    """Raise an AddressError where an address is none of a folder with files to download."""
    _checked(address)
    if "?" in address or "#" in address:
        raise AddressError("it has a ? or a #: give the address of the folder alone")


def file_in(folder: str, name: str) -> str:
    """Return the address of a file in a folder that was checked."""
    return f"{folder.rstrip('/')}/{name}"


def follow(address: str, location: str) -> str:
    """Return where a redirect leads. Raises an AddressError where it must not be followed."""
    if len(location) > _LONGEST or not _PRINTABLE.fullmatch(location):
        raise AddressError("it has characters that no address has, or too many")
    try:
        target = urljoin(address, location)
    except ValueError as error:
        raise AddressError("it is malformed") from error
    scheme = urlsplit(address).scheme
    if (other := target.partition(":")[0].lower()) != scheme:
        raise AddressError(f"it changes {scheme} to {shown(other)}")
    _checked(target)
    return target


def host_of(address: str) -> str:
    """Return host and port of an address that was checked, to show them."""
    return shown(urlsplit(address).netloc)


def is_on_this_computer(address: str) -> bool:
    """Whether an address that was checked is a loopback one."""
    return _is_loopback(urlsplit(address).hostname or "")


def shown(text: str) -> str:
    """Return text of others, shortened and without what a terminal would interpret, for a sentence."""
    printable = "".join(character if character.isprintable() else "�" for character in text)
    return printable if len(printable) <= _MOST_SHOWN else f"{printable[: _MOST_SHOWN - 1]}…"


def _checked(address: str) -> None:
    if not address:
        raise AddressError("it is empty")
    if len(address) > _LONGEST or not _PRINTABLE.fullmatch(address):
        raise AddressError(
            f"it has over {_LONGEST} characters, or some that no address has: write those as %XX"
        )
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError as error:
        raise AddressError("its host or its port is malformed") from error
    if parts.scheme not in ("http", "https"):
        raise AddressError("it begins with neither https:// nor http://")
    if "@" in parts.netloc:
        raise AddressError("it names a user: leave out what stands before the @")
    host = parts.hostname or ""
    if port == 0 or not _is_host(host, parts.netloc):
        raise AddressError("its host or its port is malformed")
    if parts.scheme == "http" and not _is_loopback(host):
        raise AddressError(
            "http is for this computer alone (localhost, 127.0.0.1, [::1]), since it can be changed on the"
            " way: use https"
        )


def _is_host(host: str, netloc: str) -> bool:
    if netloc.startswith("["):
        return _address_of(host) is not None
    is_name = _HOST_NAME.fullmatch(host) is not None
    labels = host.removesuffix(".").split(".")
    return is_name and all(0 < len(label) <= _LONGEST_LABEL for label in labels)


def _is_loopback(host: str) -> bool:
    found = _address_of(host)
    return host == "localhost" if found is None else found.is_loopback


def _address_of(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
