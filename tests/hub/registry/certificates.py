"""A certificate authority of an organization, with a server's and a client's certificate by it."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_LIFE = dt.timedelta(days=1)


@dataclass(frozen=True)
class Certificates:
    """PEM files; `server` and `client` hold the key too."""

    authority: Path
    server: Path
    client: Path

    def context(self, *, client: bool) -> ssl.SSLContext:
        """Return a server's settings; with `client` it wants a certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.server)
        if client:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.authority)
        return context


def make(folder: Path) -> Certificates:
    """Make an authority and its two certificates in a folder."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _named("An organization's authority")
    now = dt.datetime.now(dt.UTC)
    root = (
        _unsigned(name, name, key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    made = Certificates(folder / "authority.pem", folder / "server.pem", folder / "client.pem")
    made.authority.write_bytes(root.public_bytes(serialization.Encoding.PEM))
    for path, subject in ((made.server, "127.0.0.1"), (made.client, "ana")):
        own = ec.generate_private_key(ec.SECP256R1())
        wanted = _unsigned(_named(subject), name, own.public_key(), now)
        if path == made.server:
            address = x509.IPAddress(ipaddress.ip_address(subject))
            wanted = wanted.add_extension(x509.SubjectAlternativeName([address]), critical=False)
        signed = wanted.sign(key, hashes.SHA256())
        path.write_bytes(
            own.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + signed.public_bytes(serialization.Encoding.PEM)
        )
    return made


def _named(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _unsigned(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: dt.datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _LIFE)
        .not_valid_after(now + _LIFE)
    )
