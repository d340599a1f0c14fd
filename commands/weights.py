"""`mivos weights list`: which weights are there, how large, and their SHA-256."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace, _SubParsersAction
from pathlib import Path

from commands.output import check_file, write_json


def add_parser(commands: _SubParsersAction[ArgumentParser]) -> None:
    """Declare the command and its options."""
    parser = commands.add_parser(
        "weights", help="list the networks' weights", description="Weights of networks."
    )
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="list the files that are there", description="List weights.")
    listing.add_argument(
        "--weights", type=Path, metavar="DIR", help="folder to look in (default: those shipped)"
    )
    listing.add_argument("--json", type=Path, metavar="FILE", help="write the list as JSON")
    listing.set_defaults(run=run)


def run(options: Namespace) -> None:
    """Print a line for each file."""
    from model.checkpoint import CheckpointError, list_weights

    if options.json:
        check_file(options.json)
    files = list_weights(options.weights)
    if not files:
        raise CheckpointError(f"There are no weights in {options.weights or 'the program'}.")
    for file in files:
        print(f"{file.family:8} {file.network:12} {file.bytes / 2**20:7.2f} MiB  {file.sha256}  {file.path}")
    if options.json:
        listed = [
            {
                "family": file.family,
                "network": file.network,
                "file": str(file.path),
                "bytes": file.bytes,
                "sha256": file.sha256,
            }
            for file in files
        ]
        write_json(options.json, {"weights": listed})
