"""An address as a person typed it, taken apart: what a program is handed, what may be shown, what is secret.

In: the address of a git repository or a registry. Out: a frozen `Address`; and text of others with what looks like a
password taken out. Pure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

_WEB = ("http", "https")
_WEB_USER = re.compile(r"(https?://)[^/\s'\"]*@", re.IGNORECASE)
_PASSWORD = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://[^/\s'\":@]*):[^/\s'\"]*@")


@dataclass(frozen=True)
class Address:
    """An address.

    Attributes:
        bare: Without user and password; of ssh the user stays, who is no secret.
        shown: The same without query and fragment, in which servers take tokens.
        server: Scheme, host and port.
        user: Of a web address, decoded; None where none is named.
        password: Likewise.
        secrets: What must not be shown, as it was typed and decoded; the longest first.
    """

    bare: str
    shown: str
    server: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)

    def hidden_in(self, text: str) -> str:
        """Return text of a program that was handed this address, without what is secret in it."""
        for secret in self.secrets:
            text = text.replace(secret, "***")
        return without_password(text)


def parse_address(text: str) -> Address:
    """Take an address apart. A folder, `git@host:path` and the like are themselves."""
    scheme, mark, rest = text.partition("://")
    if not mark or not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*", scheme):
        return Address(text, text, text)
    try:
        parts = urlsplit(text)
    except ValueError:  # brackets that hold no IPv6 address: no program reads it either
        return Address(text, f"{scheme}://...", f"{scheme}://...")
    userinfo, _, host = parts.netloc.rpartition("@")
    if is_torn(parts):
        # `/`, `?` or `#` in a password that was not encoded. Whatever stands before the last @ is no place.
        userinfo, _, after = rest.rpartition("@")
        parts = urlsplit(f"{scheme}://{after}")
        host = parts.netloc
    user, _, password = userinfo.partition(":")
    web = parts.scheme in _WEB
    kept = f"{user}@{host}" if user and not web else host
    bare = urlunsplit(parts._replace(netloc=kept))
    hidden = (userinfo if web else "", user if web else "", password, parts.query, parts.fragment)
    known = {word for part in hidden if len(part) > 2 for word in (part, unquote(part))}
    return Address(
        bare=bare,
        shown=urlunsplit(parts._replace(netloc=kept, query="", fragment="")),
        server=f"{parts.scheme}://{host}",
        user=unquote(user) or None if web else None,
        password=unquote(password) or None if web else None,
        secrets=tuple(sorted(known, key=lambda word: (-len(word), word))),
    )


def is_torn(parts: SplitResult) -> bool:
    """Whether a password with `/`, `?` or `#` tears the address: it reads as another host and a path."""
    if "@" in parts.query or "@" in parts.fragment:
        return True
    try:
        return parts.port is None and parts.netloc.endswith(":") and "@" in parts.path
    except ValueError:
        return "@" in parts.path


def without_password(text: str) -> str:
    """Return text without the passwords of addresses in it; of web addresses the user goes too: it may be a token.

    The second net: of an address that is known, `parse_address` knows more.
    """
    return _PASSWORD.sub(r"\1@", _WEB_USER.sub(r"\1", text))
