# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The compressed variants `.gz` and `.br` beside files whose content never changes."""

from __future__ import annotations

import gzip
import os
import re
import subprocess
import zlib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from .errors import GateError, StowageError

VARIANTS = (".gz", ".br")
PACKED = re.compile(
    r"\.(?:jpe?g|png|gif|webp|avif|jxl|zip|gz|tgz|bz2|xz|zst|br|7z|woff2?|mp[34]|m4[av]|mov|webm|avi|ogg|opus|flac|pdf)$",
    re.IGNORECASE,
)
"""Kinds of file that are compressed already."""


@dataclass(frozen=True)
class Compression:
    """Levels of gzip (1-9) and brotli (0-11); 0 for gzip and -1 for brotli is off."""

    gzip_level: int = 9
    brotli_level: int = 11
    least_saving: float = 0.05


def compress(files: Iterable[Path], level: Compression) -> None:
    """Write the variants of files that have none, in parallel: zlib and brotli run beside each
    other. Raises StowageError where brotli fails (a full disk, a missing program)."""
    wanted = [
        path
        for path in files
        if not PACKED.search(path.name)
        and not any(path.with_name(path.name + suffix).exists() for suffix in VARIANTS)
    ]
    with ThreadPoolExecutor(os.cpu_count() or 2) as threads:
        list(threads.map(lambda path: _compress(path, level), wanted))


def _compress(source: Path, level: Compression) -> None:
    """Write `.gz` and `.br` beside `source` where they save enough."""
    data = source.read_bytes()
    most = len(data) * (1 - level.least_saving)
    packed = {}
    if level.gzip_level:
        packed[".gz"] = gzip.compress(data, level.gzip_level, mtime=0)
    if level.brotli_level >= 0:
        packed[".br"] = _brotli([f"--quality={level.brotli_level}"], source)
    for suffix, content in packed.items():
        if len(content) <= most:
            source.with_name(source.name + suffix).write_bytes(content)


def _brotli(options: list[str], source: Path, most: int = -1) -> bytes:
    """What the program brotli makes of a file; of more than `most` bytes only so many."""
    words = ["brotli", *options, "--stdout", "--", str(source)]
    pipe = subprocess.PIPE
    try:
        with subprocess.Popen(words, stdout=pipe, stderr=pipe) as process:
            made = process.stdout.read(most) if process.stdout else b""
            if len(made) == most:
                process.kill()
                return made
            said = process.stderr.read() if process.stderr else b""
    except FileNotFoundError:
        raise StowageError(
            "the program brotli is not installed: run the role host_tools, "
            "or set static_files_brotli_level to -1"
        ) from None
    if process.returncode:
        word = said.decode(errors="replace").strip()
        raise GateError(f"brotli failed on {source.name}: {word}")
    return made


def wrong_variants(files: Iterable[Path]) -> dict[Path, str]:
    """Variants that do not decode to the file beside them, each with what is wrong."""
    pairs = [
        (path, variant)
        for path in files
        for suffix in VARIANTS
        if (variant := path.with_name(path.name + suffix)).exists()
    ]
    with ThreadPoolExecutor(os.cpu_count() or 2) as threads:
        said = threads.map(lambda pair: _wrong(*pair), pairs)
    return {variant: word for (_, variant), word in zip(pairs, said) if word}


def _wrong(path: Path, variant: Path) -> str:
    content = path.read_bytes()
    most = len(content) + 1  # A container may have brought it, with no end of zeros in it.
    try:
        if variant.suffix == ".gz":
            with gzip.open(variant) as stream:
                decoded = stream.read(most)
        else:
            decoded = _brotli(["--decompress"], variant, most)
    except (OSError, EOFError, zlib.error, GateError) as error:
        return f"cannot be decoded: {error}"
    return "" if decoded == content else "decodes to something else"
