"""`hub trust`: whose signatures this machine accepts."""

from __future__ import annotations

import click

from evaluators.errors import UsageProblem
from hub.cli.options import format_option, home
from hub.cli.output import Output, Table
from hub.signing import KeyRing, open_keyring, open_signer, parse_public_key
from hub.signing import trust as add_key


@click.group()
def trust() -> None:
    """Whose signatures this machine accepts.

    A promotion counts here if a key in this list signed it. Add a key only after comparing its id with its owner, in
    person or over a channel that is not the registry: a registry can never tell you whom to trust.
    """


@trust.command(name="list")
@format_option
def list_keys(output: Output) -> None:
    """List the trusted keys."""
    ring = open_keyring(home().keys)
    rows = tuple((key.id, key.owner) for key in ring.keys.values())
    output.data([{"id": key_id, "owner": owner} for key_id, owner in rows], Table(("key", "owner"), rows))
    if not rows:
        output.note("none yet; `hub trust show` makes this person's key, `hub trust add` trusts another's")


@trust.command()
@format_option
def show(output: Output) -> None:
    """Show this person's public key, to hand to others."""
    public = open_signer(home().ready().keys).public
    output.data(
        {"id": public.id, "owner": public.owner, "line": public.line},
        Table((f"{public.id}",), ((public.line,),)),
    )
    output.essential(public.line)
    output.note("hand the line to those who pull what you approve: hub trust add 'LINE'")


@trust.command()
@click.argument("line")
@format_option
def add(line: str, output: Output) -> None:
    """Trust a public key, given as its LINE: `ed25519 BASE64 OWNER`."""
    key = parse_public_key(line, where="the given line")
    path = add_key(home().ready().keys, key)
    output.data(
        {"id": key.id, "owner": key.owner, "path": str(path)},
        Table(("trusted", "owner"), ((key.id, key.owner),)),
    )


@trust.command()
@click.argument("key_id")
@format_option
def remove(key_id: str, output: Output) -> None:
    """No longer trust the key with KEY_ID."""
    folder = home().keys
    ring: KeyRing = open_keyring(folder)
    if key_id not in ring.keys:
        raise UsageProblem(f"no trusted key has the id {key_id!r}", hint="see `hub trust list`")
    (folder / "trusted" / f"{key_id.replace(':', '-')}.pub").unlink()
    output.data({"removed": key_id}, Table(("no longer trusted",), ((key_id,),)))
