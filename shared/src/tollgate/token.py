"""`tollgate token`: a token of the local issuer, signed with its key file in DATA_DIR."""

import os
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from shared.clients.local_issuer import sign_local_token
from shared.scopes import SCOPES
from tollgate.exits import CommandFailed

KEY_FILE = Path("identity/local-issuer.jwk")
LIFETIME = timedelta(hours=12)
MAX_NAME = 200


def token(
    subject: Annotated[
        str, typer.Option("--as", metavar="SUBJECT", help="Who the token speaks for.")
    ] = "admin",
    role: Annotated[
        list[str] | None, typer.Option(metavar="R", help="A role of the subject; repeatable.")
    ] = None,
    scope: Annotated[
        list[str] | None,
        typer.Option(metavar="S", help="A scope; repeatable. Without it: all scopes."),
    ] = None,
) -> None:
    """Print a token of the local issuer, valid for 12 hours, and nothing else."""
    typer.echo(sign_as(subject, roles=role or (), scopes=scope or tuple(SCOPES)))


def sign_as(
    subject: str,
    *,
    roles: Sequence[str] = (),
    scopes: Sequence[str] = tuple(SCOPES),
    key_file: Path | None = None,
) -> str:
    """A token for `subject`; CommandFailed without a key, or where a name or scope is unusable."""
    unusable = [name for name in (subject, *roles) if not _is_name(name)]
    if unusable:
        raise CommandFailed(
            f"{unusable[0]!r} names nobody and no role: give 1 to {MAX_NAME} printable characters"
        )
    unknown = sorted(set(scopes) - SCOPES.keys())
    if unknown:
        raise CommandFailed(
            f"Unknown scope {', '.join(unknown)}: choose from {', '.join(sorted(SCOPES))}"
        )
    key_file = key_file or data_dir() / KEY_FILE
    try:
        return sign_local_token(key_file, subject, roles, scopes, LIFETIME)
    except FileNotFoundError as error:
        raise CommandFailed(
            f"{key_file} is missing: run `make up` first, or set DATA_DIR to its data directory"
        ) from error
    except (OSError, ValueError) as error:
        raise CommandFailed(
            f"The local issuer's key cannot be used ({error}): run as the user who ran `make up`"
        ) from error


def _is_name(name: str) -> bool:
    """Whether the services take it for a subject or a role; of blanks they would, nobody else."""
    return bool(name.strip()) and len(name) <= MAX_NAME and name.isprintable()


def data_dir() -> Path:
    """`DATA_DIR`, else `.data` of the checkout whose virtual environment runs this."""
    named = os.environ.get("DATA_DIR")
    if named:
        return Path(named)
    in_venv = sys.prefix != sys.base_prefix
    return (Path(sys.prefix).parent if in_venv else Path.cwd()) / ".data"
