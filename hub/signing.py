"""Ed25519 signatures over canonical bytes: whose word a record or an evidence document is.

A person's private key stays under HUB_HOME/keys; the public keys that a machine trusts lie beside it, one file each,
and are added by hand (`hub trust add`): a registry can never tell a client whom to trust.
"""

from __future__ import annotations

import base64
import contextlib
import getpass
import hashlib
import os
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from evaluators.errors import EnvironmentProblem, InvalidDocument
from evaluators.signature import Signature
from hub.staging import place_file, staged_file

_PRIVATE = "signing.pem"
_TRUSTED = "trusted"


@dataclass(frozen=True)
class PublicKey:
    """A public key and whose it is."""

    owner: str
    raw: bytes

    @property
    def id(self) -> str:
        """`ed25519:` and the first 16 hex digits of the key's sha256."""
        return key_id(self.raw)

    @property
    def line(self) -> str:
        """The key as one line, to hand to others."""
        return f"ed25519 {base64.b64encode(self.raw).decode()} {self.owner}"


@dataclass(frozen=True)
class KeyRing:
    """The public keys that this machine trusts, by id."""

    keys: Mapping[str, PublicKey]

    def verifies(self, data: bytes, signature: Signature) -> bool:
        """Whether a trusted key made this signature over exactly these bytes."""
        key = self.keys.get(signature.key_id)
        if key is None:
            return False
        try:
            Ed25519PublicKey.from_public_bytes(key.raw).verify(base64.b64decode(signature.value), data)
        except (InvalidSignature, ValueError):
            return False
        return True

    def owner(self, signature: Signature) -> str | None:
        """Return whose key a signature names."""
        key = self.keys.get(signature.key_id)
        return key.owner if key else None


@dataclass(frozen=True)
class Signer:
    """A private key and whose it is."""

    owner: str
    private: Ed25519PrivateKey

    @property
    def public(self) -> PublicKey:
        """The matching public key."""
        raw = self.private.public_key().public_bytes(
            serialization.Encoding.Raw, serialization.PublicFormat.Raw
        )
        return PublicKey(self.owner, raw)

    def sign(self, data: bytes) -> Signature:
        """Sign bytes."""
        value = base64.b64encode(self.private.sign(data)).decode()
        return Signature(key_id=self.public.id, value=value)


def key_id(raw: bytes) -> str:
    """Return the id of a raw public key."""
    return f"ed25519:{hashlib.sha256(raw).hexdigest()[:16]}"


def open_signer(folder: Path) -> Signer:
    """Return this person's signer; the first call makes a key (mode 0600) and trusts it on this machine.

    Raises:
        EnvironmentProblem: If the folder cannot be written or the key cannot be read.
    """
    path = folder / _PRIVATE
    try:
        if not path.exists():
            _create(path)
        private = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise EnvironmentProblem(
            f"the signing key {path} cannot be read or made ({error.strerror})"
        ) from error
    except ValueError as error:
        raise EnvironmentProblem(f"{path} is not an Ed25519 private key in PEM form") from error
    if not isinstance(private, Ed25519PrivateKey):
        raise EnvironmentProblem(f"{path} is not an Ed25519 key")
    signer = Signer(_owner(folder), private)
    trust(folder, signer.public)
    return signer


def open_keyring(folder: Path) -> KeyRing:
    """Return the public keys that this machine trusts."""
    keys = {}
    for path in sorted((folder / _TRUSTED).glob("*.pub")):
        key = parse_public_key(path.read_text(encoding="utf-8"), where=str(path))
        keys[key.id] = key
    return KeyRing(keys)


def trust(folder: Path, key: PublicKey) -> Path:
    """Add a public key to those this machine trusts."""
    path = folder / _TRUSTED / f"{key.id.replace(':', '-')}.pub"
    if not path.exists():
        with staged_file(path.parent) as stream:
            stream.write(f"{key.line}\n".encode())
            place_file(stream, path, mode=0o644)
    return path


def parse_public_key(line: str, *, where: str) -> PublicKey:
    """Parse one line `ed25519 BASE64 OWNER`.

    Raises:
        InvalidDocument: If it is not one.
    """
    parts = line.split(maxsplit=2)
    try:
        raw = base64.b64decode(parts[1], validate=True)
        if parts[0] != "ed25519" or len(raw) != 32:
            raise ValueError
    except (IndexError, ValueError) as error:
        raise InvalidDocument(
            f"{where}: not a public key",
            hint="a key is one line: ed25519 BASE64 OWNER (see `hub trust show`)",
        ) from error
    return PublicKey(parts[2].strip() if len(parts) > 2 else "unknown", raw)


def _create(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with staged_file(path.parent) as stream:
        os.fchmod(stream.fileno(), 0o600)
        stream.write(pem)
        stream.flush()
        os.fsync(stream.fileno())
        # A link fails where there is a key already: two first uses at once end with one key, whole.
        with contextlib.suppress(FileExistsError):
            os.link(stream.name, path)


def _owner(folder: Path) -> str:
    """Return whose key this is: `owner.txt` beside it, or user@machine."""
    named = folder / "owner.txt"
    if named.exists():
        return named.read_text(encoding="utf-8").strip()
    name = f"{getpass.getuser()}@{socket.gethostname()}"
    return re.sub(r"[^\w.@-]", "-", name)
