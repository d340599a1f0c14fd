"""The builds that are compared: checkouts of one repository, by path or in a worktree of their own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from inference_core.errors import UserError


@dataclass(frozen=True)
class Build:
    """One version of the program.

    name      what reports call it: its commit, with "-dirty" behind it where files were changed.
    checkout  the folder that holds its packages and its weights.
    """

    name: str
    checkout: Path


def working_tree() -> Build:
    """Return the build that this file belongs to. Raises a UserError where that is no git checkout."""
    top = Path(__file__).resolve().parents[3]
    if not _is_top(top):
        raise UserError(f"{top} is not a git checkout: run this from a checkout of the program.")
    return Build(_describe(top), top)


@contextmanager
def old_build(revision: str, repository: Path, folder: Path) -> Iterator[Build]:
    """Yield the build of a revision, in a worktree that is removed afterwards.

    revision  a commit, tag or branch; or the path of a checkout, which is used as it is.
    folder    where the worktree is made, in a new subfolder.
    Raises a UserError where there is no such revision or it cannot be checked out.
    """
    path = Path(revision).resolve()
    if (path / "inference_core" / "__init__.py").is_file():
        yield Build(_describe(path) if _is_top(path) else str(path), path)
        return
    commit = _git(
        repository, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"
    )
    if commit is None:
        raise UserError(f"{revision} is no commit, tag or branch of {repository}, and no checkout.")
    checkout = folder / "checkout"
    try:
        if _git(repository, "worktree", "add", "--quiet", "--detach", str(checkout), commit) is None:
            raise UserError(f"{revision} cannot be checked out into {checkout}.")
        yield Build(_describe(checkout), checkout)
    finally:
        _git(repository, "worktree", "remove", "--force", str(checkout))


def _is_top(folder: Path) -> bool:
    """Whether a folder is the top of a checkout; a folder inside one belongs to another program."""
    top = _git(folder, "rev-parse", "--show-toplevel")
    return top is not None and Path(top).resolve() == folder


def _describe(checkout: Path) -> str:
    """Return the commit, short, with "-dirty" behind it where files differ from it."""
    return _git(checkout, "describe", "--always", "--dirty", "--exclude=*", "--abbrev=10") or str(checkout)


def _git(folder: Path, *words: str) -> str | None:
    """Run git in a folder; return what it prints, None where it fails."""
    # Inside a hook or a rebase, these variables would name the repository whatever the folder is.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(
            ["git", *words],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            start_new_session=True,  # an interrupt from the keyboard must not stop the removal
        )
    except FileNotFoundError as error:
        raise UserError("git is not installed: it checks out the revision to compare with.") from error
    return done.stdout.strip() if done.returncode == 0 else None
