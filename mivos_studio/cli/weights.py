"""`mivos weights`: lists, verifies and downloads weights."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace, _SubParsersAction
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inference_core.errors import UserError
from mivos_studio.cli.options import add_report_options
from mivos_studio.cli.output import check_json, write_json
from mivos_studio.cli.progress import ProgressBar
from mivos_studio.media.output.locks import FileLock, LockedError
from mivos_studio.system_errors import reason_of

if TYPE_CHECKING:
    from model.weights.store import InstalledWeights, WeightsFile

_MEBIBYTE = 2**20


def add_parser(commands: _SubParsersAction[ArgumentParser]) -> None:
    """Declare the command and its options."""
    parser = commands.add_parser(
        "weights", help="list, check and download the networks' weights", description="Weights of networks."
    )
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    listing = actions.add_parser(
        "list",
        help="list the files that are there",
        description="List each family of networks: which of its files are there, their size and SHA-256, and"
        " what the licences of its training data say.",
    )
    listing.set_defaults(run=run_list)
    verifying = actions.add_parser(
        "verify",
        help="check that the files are what they were",
        description="Compare each file's SHA-256 with the one recorded beside it in FILE.sha256. Published"
        " files that were put there by hand are recorded the first time.",
    )
    verifying.set_defaults(run=run_verify)
    fetching = actions.add_parser(
        "fetch",
        help="download the published MiVOS networks",
        description="Download what is missing of the networks that the authors of MiVOS published. An"
        " interrupted download goes on where it stopped.",
    )
    fetching.add_argument(
        "--mirror",
        metavar="URL",
        help="folder on a web server with the same files, to download from instead; https, or http from this"
        " computer",
    )
    fetching.set_defaults(run=run_fetch)
    recording = actions.add_parser(
        "record",
        help="record the files' SHA-256",
        description="Accept the files as they are: record the SHA-256 of each beside it in FILE.sha256.",
    )
    recording.set_defaults(run=run_record)
    for action in (listing, verifying, fetching, recording):
        action.add_argument(
            "--weights", type=Path, metavar="DIR", help="folder of weights (default: the program's own)"
        )
        add_report_options(action)


def run_list(options: Namespace) -> None:
    """Print each family and its files."""
    base, installed = _scan(options)
    if not any(weights.files for weights in installed):
        raise UserError(f"There are no weights in {base}.")

    from model.families import FAMILIES
    from model.weights.store import unused_files

    unused = unused_files(base, FAMILIES.values())
    for weights in installed:
        print(f"{weights.family.name}: {_completeness(weights)}")
        for file in weights.files:
            size = f"{file.bytes / _MEBIBYTE:.2f} MiB"
            print(f"  {file.known.network:12} {size:>11}  {file.sha256}  {file.path}{_remark(file)}")
        for known in weights.missing:
            if known.page:
                print(
                    f"  {known.network:12} {known.name}: `mivos weights fetch`, or by hand from {known.page}"
                )
        print(f"  {weights.family.terms}")
    for path, reason in unused.items():
        print(f"{path} is not used: {reason}.")
    figures = {
        "families": [_as_figures(weights) for weights in installed],
        "weights": [
            {"family": weights.family.name, **_file_figures(file)}
            for weights in installed
            for file in weights.files
        ],
        "unused": [{"file": str(path), "reason": reason} for path, reason in unused.items()],
    }
    write_json(options, figures)


def run_verify(options: Namespace) -> None:
    """Compare each file with its recorded hash and print which differ."""
    base, installed = _scan(options)
    verdicts = {file.path: _verdict(file) for weights in installed for file in weights.files}
    if not verdicts:
        raise UserError(f"There are no weights in {base}.")
    for path, verdict in verdicts.items():
        print(f"{verdict:12} {path}")
    changed = [str(path) for path, verdict in verdicts.items() if verdict == "changed"]
    figures = [{"file": str(path), "verdict": verdict} for path, verdict in verdicts.items()]
    write_json(options, {"ok": not changed, "files": figures})
    if changed:
        raise UserError(
            f"Not what was recorded: {', '.join(changed)}; copy or download"
            f" {'it' if len(changed) == 1 else 'them'} again."
        )


def run_fetch(options: Namespace) -> None:
    """Download the published files that are missing, and record their SHA-256."""
    _check_mirror(options.mirror)
    base, installed = _scan(options)
    published = [weights for weights in installed if all(known.url for known in weights.family.files)]
    fetched: list[Path] = []
    if any(weights.missing for weights in published):
        with _only_one(base):
            fetched = [path for weights in published for path in _fetch(weights, options)]
    if not fetched:
        print(f"The published networks are all in {base}.")
    write_json(options, {"fetched": [str(path) for path in fetched]})


def _check_mirror(mirror: str | None) -> None:
    """Raise a UserError for an address that nothing is downloaded from."""
    from mivos_studio.cli.web_address import AddressError, check_folder, shown

    if mirror is None:
        return
    try:
        check_folder(mirror)
    except AddressError as error:
        name = "" if "@" in mirror else f" {shown(mirror)!r}"  # what is before the @ may be a password
        raise UserError(f"The mirror{name} cannot be used: {error}.") from error


@contextmanager
def _only_one(base: Path) -> Iterator[None]:
    """Hold the lock of downloads into a folder. Raises a UserError where another process has it."""
    lock_file = base / ".mivos-fetch.lock"
    try:
        lock = FileLock.acquire(lock_file, makes=True)
    except LockedError as error:
        raise UserError(
            f"Another `mivos weights fetch` is downloading into {base}: wait until it is done."
        ) from error
    except OSError as error:
        raise UserError(f"Nothing can be downloaded into {base}: {reason_of(error)}.") from error
    try:
        yield
    finally:
        lock.release()


def _fetch(weights: InstalledWeights, options: Namespace) -> list[Path]:
    """Download the missing files of a family; return their paths."""
    from mivos_studio.cli import web_request
    from mivos_studio.cli.download import DownloadError, OtherFileError, download
    from mivos_studio.cli.web_address import file_in
    from model.weights.hashes import record_of, record_sha256, recorded_sha256

    targets = []
    for number, known in enumerate(weights.missing, 1):
        target = weights.home / known.name
        if target.is_file():  # another process was done just before
            continue
        url = file_in(options.mirror, known.name) if options.mirror else known.url
        bar = ProgressBar(f"{known.name} ({number} of {len(weights.missing)})", unit="B", quiet=options.quiet)
        try:
            download(
                url,
                target,
                most_bytes=known.most_bytes,
                sha256=recorded_sha256(target),
                on_progress=bar.show,
                limits=web_request.TIME_LIMITS,
            )
        except OtherFileError as error:
            raise UserError(
                f"{known.name} is another file now: {error}; if the new one is right, delete"
                f" {record_of(target)}."
            ) from error
        except DownloadError as error:
            raise UserError(
                f"{known.name} cannot be downloaded: {error}; by hand, save what {known.page} gives as"
                f" {target} (`mivos weights list` names the other files' pages)."
            ) from error
        finally:
            bar.clear()
        print(f"{record_sha256(target)}  {target}")
        targets.append(target)
    return targets


def run_record(options: Namespace) -> None:
    """Record the SHA-256 of every file that is there."""
    from model.weights.hashes import record_sha256

    base, installed = _scan(options)
    paths = [file.path for weights in installed for file in weights.files]
    if not paths:
        raise UserError(f"There are no weights in {base}.")
    digests = {str(path): record_sha256(path) for path in paths}
    for path, digest in digests.items():
        print(f"{digest}  {path}")
    write_json(options, digests)


def _scan(options: Namespace) -> tuple[Path, list[InstalledWeights]]:
    from model.families import FAMILIES
    from model.weights.store import saves_folder, scan

    check_json(options)
    base = saves_folder(options.weights)
    return base, scan(base, FAMILIES.values())


def _completeness(weights: InstalledWeights) -> str:
    if not weights.files:
        return "not there"
    if weights.missing:
        return f"incomplete, without {', '.join(known.name for known in weights.missing)}"
    return "complete"


def _verdict(file: WeightsFile) -> str:
    """Compare a file with its record; published files are recorded when they are first found."""
    if file.recorded is not None:
        return "changed" if file.is_changed else "unchanged"
    if not file.known.url:
        return "not recorded"

    from model.errors import CheckpointError
    from model.weights.hashes import record_sha256

    try:
        record_sha256(file.path)
    except CheckpointError:  # a folder that this user may not write to
        return "not recorded"
    return "recorded now"


def _remark(file: WeightsFile) -> str:
    """Return what the list says of a file whose SHA-256 is not the recorded one."""
    if file.is_changed:
        return f"  (changed: {file.recorded} was recorded)"
    if file.recorded is None:
        return "  (not recorded yet)"
    return ""


def _as_figures(weights: InstalledWeights) -> dict[str, Any]:
    return {
        "family": weights.family.name,
        "complete": not weights.missing,
        "missing": [known.name for known in weights.missing],
        "terms": weights.family.terms,
    }


def _file_figures(file: WeightsFile) -> dict[str, Any]:
    return {
        "network": file.known.network,
        "file": str(file.path),
        "bytes": file.bytes,
        "sha256": file.sha256,
        "recorded": file.recorded,
    }
