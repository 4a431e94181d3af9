"""What a release of static files costs, with 5,000 files and with 50,000.

`FILES=5000 make bench NAME=release` measures one size only. Each size is a generated project of its
own (static_project/generate.py). Short commands are run several times, floor, no change and one
stylesheet by turns, and the least of each counts: whatever else the machine does can only add. The
page cache is warm. Django's and WhiteNoise's storages take long enough to be run once.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.harness import BenchmarkError, Figure, Usage, emit, measure
from benchmarks.static_project import REPOSITORY, SOURCE
from benchmarks.static_project.generate import PROJECT_FOLDER, SITE
from benchmarks.static_project.interpreter import CACHE, interpreter
from benchmarks.static_project.publication import places
from benchmarks.static_project.settle import keep_memory

SIZES = (5_000, 50_000)
LARGE = 20_000
"""From here on the peers that take minutes are left out."""
REPEATS, LARGE_REPEATS = 7, 5
PARTS = "benchmarks.static_project"
FLOOR = Path(__file__).parent / "static_project" / "floor.py"
MARKER = "STOWAGE-COLLECT:"
STORAGES = {
    "Django's manifest storage": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage",
    "WhiteNoise's storage": "whitenoise.storage.CompressedManifestStaticFilesStorage",
}
MEGABYTE = 1_000_000


def say(text: str) -> None:
    """Progress; figures alone go to standard output."""
    print(text, file=sys.stderr, flush=True)


def least(runs: Sequence[Usage]) -> Usage:
    """The least time that one of the runs took, and the most memory."""
    return Usage(
        min(run.wall_seconds for run in runs),
        min(run.cpu_seconds for run in runs),
        max(run.peak_bytes for run in runs),
    )


def run(argv: Sequence[str | Path], environment: Mapping[str, str]) -> tuple[Usage, str]:
    """Measure a command; returns also the last line of what it printed."""
    with tempfile.TemporaryFile() as output:
        used = measure([str(word) for word in argv], environment, output)
        output.seek(0)
        lines = output.read().decode().splitlines()
    return used, lines[-1] if lines else ""


def part(name: str, *arguments: str | Path) -> tuple[Usage, str]:
    """Run a module of static_project in a process of its own."""
    words = [sys.executable, "-m", f"{PARTS}.{name}", *arguments]
    return run(words, {"PYTHONPATH": str(REPOSITORY)})


@dataclass
class Project:
    """A generated project, its interpreter, and what is done with it."""

    folder: Path
    python: Path
    files: int
    changed: str = ""
    affected: int = 0
    bytes: int = 0
    changes: int = 0
    releases: int = 0
    figures: list[Figure] = field(default_factory=list)

    @property
    def release(self) -> str:
        """The release that was collected last."""
        return f"r{self.releases}"

    def generate(self) -> None:
        part("generate", self.folder, str(self.files))
        made = json.loads((self.folder / "generated.json").read_bytes())
        self.changed, self.bytes = made["changed"], made["bytes"]
        self.affected = len(made["affected"])
        os.sync()  # So that writing it back does not disturb what is measured.

    def change(self) -> None:
        """Edit one stylesheet, each time otherwise."""
        self.changes += 1
        owner = self.changed.partition("/")[0]
        below = "" if owner == PROJECT_FOLDER else "static"
        with open(self.folder / "site" / owner / below / self.changed, "a") as css:
            css.write(f".edit-{self.changes}{{color:red}}\n")

    def django(self, *more: Path, **variables: str) -> dict[str, str]:
        """The environment of a process with the project's settings."""
        path = os.pathsep.join(map(str, (self.folder / "site", *more)))
        return {"PYTHONPATH": path, "DJANGO_SETTINGS_MODULE": f"{SITE}.settings", **variables}

    def floor(self) -> Usage:
        used, count = run([self.python, FLOOR], self.django())
        if int(count) < self.files:
            raise BenchmarkError(f"the floor read {count} files of {self.files}")
        return used

    def collect(self, staging: Path, published: Path) -> Usage:
        """Our collector, into a staging directory that is empty as on the server."""
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(parents=True)
        self.releases += 1
        published.mkdir(parents=True, exist_ok=True)
        words: list[str | Path] = [self.python, "-m", "stowage_django.collect"]
        words += ["--target", staging, "--published", published]
        environment = self.django(
            SOURCE,
            STOWAGE_SETTINGS_MODULE=f"{SITE}.settings",
            STOWAGE_STATIC_STORAGE="release_manifest",
            STOWAGE_STATIC_URL="/static/",
            STOWAGE_RELEASE_ID=self.release,
        )
        used, line = run(words, environment)
        document = json.loads(line.removeprefix(MARKER))
        if document["files"] < self.files:
            raise BenchmarkError(f"the collector found {document['files']} files of {self.files}")
        return used

    def collectstatic(self, storage: str, root: Path) -> Usage:
        """Django's own command with one of the peers' storages."""
        words = ["-m", "django", "collectstatic", "--noinput", "--verbosity=0"]
        environment = self.django(BENCH_STORAGE=STORAGES[storage], BENCH_STATIC_ROOT=str(root))
        return run([self.python, *words], environment)[0]

    def compare(
        self,
        case: str,
        ours: Usage,
        peer: Usage | None = None,
        cpu: float | None = None,
        wall: float | None = None,
    ) -> None:
        """Emit CPU and wall clock time of one case, each with its goal."""
        for unit, attribute, goal in (
            ("s CPU", "cpu_seconds", cpu),
            ("s wall", "wall_seconds", wall),
        ):
            against = None if peer is None else round(getattr(peer, attribute), 3)
            self.emit(case, round(getattr(ours, attribute), 3), unit, against, goal)

    def emit(
        self, case: str, value: float, unit: str, against: float | None, goal: float | None
    ) -> None:
        name = f"{self.files} files, {case}"
        self.figures.append(emit("release", name, value, unit, against, goal))


def settled(project: Project, staging: Path, published: Path, expected: int | None) -> str:
    """Publish plainly; returns the digest of the manifest. The number of new files must be right,
    or the time that was measured is that of something else."""
    words = ("settle", staging, published, project.release)
    result: dict[str, Any] = json.loads(part(*words)[1])
    if expected is not None and result["new"] != expected:
        raise BenchmarkError(f"{result['new']} files were new to the pool, not {expected}")
    return str(result["paths"])


def own(project: Project) -> tuple[dict[str, Usage], str]:
    """Floor and collector; returns the collector's cases and its last manifest's digest."""
    staging, published = project.folder / "staging", project.folder / "published"
    project.floor()  # Warms the page cache.
    cases: dict[str, list[Usage]] = {"floor": [], "no change": [], "one css": []}
    first = project.collect(staging, published)
    settled(project, staging, published, None)
    os.sync()
    digest = ""
    for _ in range(REPEATS if project.files < LARGE else LARGE_REPEATS):
        cases["floor"].append(project.floor())
        cases["no change"].append(project.collect(staging, published))
        settled(project, staging, published, 0)
        project.change()
        cases["one css"].append(project.collect(staging, published))
        digest = settled(project, staging, published, project.affected)
    used = {"first": first, **{name: least(runs) for name, runs in cases.items()}}
    project.compare("floor (django.setup, read and hash every file)", used["floor"])
    project.compare("first, collector / floor", used["first"], used["floor"])
    project.compare("no change, collector / floor", used["no change"], used["floor"], 1.2, 1.2)
    project.compare("collector, one css / no change", used["one css"], used["no change"], 1.3, 1.3)
    shutil.rmtree(staging)
    shutil.rmtree(published)
    return used, digest


def django_peer(project: Project, used: Mapping[str, Usage], digest: str) -> None:
    """Django's manifest storage, which must name every file as we do."""
    storage, root = "Django's manifest storage", project.folder / "django"
    for case in ("first", "no change", "one css"):
        if case == "one css":
            if project.files >= LARGE:
                say("one css with Django's storage is left out: it takes as long as no change")
                break
            project.change()
        peer = project.collectstatic(storage, root)
        project.compare(f"{case}, collector / {storage}", used[case], peer)
        if case == "first":
            theirs = part("settle", root / "staticfiles.json")[1]
            if theirs != digest:
                raise BenchmarkError("Django's manifest names some files otherwise than ours")
    shutil.rmtree(root)


def whitenoise_peer(project: Project, used: Mapping[str, Usage], packed: Usage | None) -> None:
    """WhiteNoise's storage compresses while it collects: in the first run so do we, on the
    server."""
    if project.files >= LARGE:
        say("WhiteNoise's storage is measured with fewer files only: here it takes half an hour")
        return
    storage, root = "WhiteNoise's storage", project.folder / "whitenoise"
    first = project.collectstatic(storage, root)
    if packed is not None:
        both = Usage(
            used["first"].wall_seconds + packed.wall_seconds,
            used["first"].cpu_seconds + packed.cpu_seconds,
            max(used["first"].peak_bytes, packed.peak_bytes),
        )
        project.compare(f"first, collector and compressing publication / {storage}", both, first)
    again = project.collectstatic(storage, root)
    project.compare(f"no change, collector / {storage}", used["no change"], again, cpu=0.02)
    shutil.rmtree(root)


def server(project: Project, how: str) -> Usage:
    """The server's side of first, no change and one css; returns the first's."""
    paths = places(project.folder / how)
    used: dict[str, Usage] = {}
    for case in ("first", "no change", "one css"):
        if case == "one css":
            project.change()
        project.collect(paths.staging, paths.static)
        used[case] = part("publication", paths.root, project.release, how)[0]
        if (paths.staging / "memory.json").exists():
            keep_memory(paths.staging, paths.static)
        if case == "first":
            project.compare(f"first, publication {how}", used[case])
        else:
            project.compare(f"publication {how}, {case} / first", used[case], used["first"])
    shutil.rmtree(paths.root)
    return used["first"]


def peak_megabytes(used: Mapping[str, Usage]) -> float:
    """The most memory that the collector took. This process must stay smaller (harness.measure)."""
    peak = max(usage.peak_bytes for case, usage in used.items() if case != "floor")
    if peak <= resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024:
        raise BenchmarkError("this process has grown larger than the collector")
    return peak / MEGABYTE


def measure_size(files: int, python: Path) -> tuple[list[Figure], float]:
    """All cases of one size; returns the figures and the collector's peak memory in MB."""
    with tempfile.TemporaryDirectory(prefix="release-", dir=CACHE) as folder:
        project = Project(Path(folder), python, files)
        project.generate()
        say(f"{files} files of {project.bytes / MEGABYTE:.0f} MB in all")
        used, digest = own(project)
        peak = peak_megabytes(used)
        project.emit("collector's peak memory", round(peak, 1), "MB", None, None)
        django_peer(project, used, digest)
        server(project, "plain")
        packed = None
        if files >= LARGE:
            say("compression is measured with fewer files only: here it takes minutes")
        elif shutil.which("brotli") is None:
            say("compression is left out: the program brotli is not installed")
        else:
            packed = server(project, "packed")
        whitenoise_peer(project, used, packed)
    return project.figures, peak


def main() -> int:
    """Measure the sizes asked for, and say at the end which goals were missed."""
    started = time.monotonic()
    sizes = [int(size) for size in os.environ.get("FILES", "").split()] or list(SIZES)
    python = interpreter()
    if os.getloadavg()[0] > 0.5:
        say("other work runs on this machine: times on the wall clock say little")
    figures: list[Figure] = []
    peaks: dict[int, float] = {}
    for size in sizes:
        found, peaks[size] = measure_size(size, python)
        figures += found
    if len(peaks) > 1:
        few, many = min(peaks), max(peaks)
        case = f"collector's peak memory, {many} files less {few} / 100 MB"
        more = round(peaks[many] - peaks[few], 1)
        figures.append(emit("release", case, more, "MB", 100.0, 1.0))
    for figure in figures:
        if figure.goal is not None and figure.ratio is not None and figure.ratio > figure.goal:
            say(f"MISSED  {figure.case} ({figure.unit}): {figure.ratio:.3f}, goal {figure.goal}")
    say(f"{time.monotonic() - started:.0f} s in all")
    return 0


if __name__ == "__main__":
    sys.exit(main())
