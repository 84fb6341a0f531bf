"""The real programs that tests/truth runs: which, in which version, what each proves, and how it is had.

Pins stand beside: Go modules in go/<name> (go.mod, go.sum), Python packages in requirements/<name>.txt, Debian packages in
requirements/<name>.debs. Each program lies in `cache()/programs/<name>-<hash of its pins>`, made when it is missing.

    python -m tests.truth.programs get promtool mlflow    # make some ahead
    python -m tests.truth.programs table                  # the README's table
"""

import fcntl
import hashlib
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from rich.console import Console

from sandbox import build
from sandbox.build import BuildError, Module
from sandbox.paths import cache

HERE = Path(__file__).parent
REQUIREMENTS = HERE / "requirements"
GO_MODULES = HERE / "go"
STORES = HERE / "stores.py"
"""Starts what several files need."""
DEBIAN_SOURCES = Path("/etc/apt/sources.list.d/debian.sources")
SHELF = "programs"


@dataclass(frozen=True)
class Program:
    """One real program; `pins` names the file or folder that says its version."""

    name: str
    had: str
    """"Go module", "PyPI" or "Debian"."""
    package: str
    """Package, or module path, whose version is the program's."""
    pins: str
    test: str
    """File with the tests that run it."""
    proves: str

    @property
    def module(self) -> Module:
        """Of a Go program, as sandbox/build.py builds it."""
        return Module(self.pins, self.package, ((self.name, self.name),), sources=GO_MODULES, shelf=SHELF)

    @property
    def file(self) -> Path:
        """Of a program of packages."""
        return REQUIREMENTS / f"{self.pins}.{'debs' if self.had == 'Debian' else 'txt'}"

    @property
    def version(self) -> str:
        """Read from the pins."""
        if self.had == "Go module":
            return build.version(self.module)
        found = re.search(rf"^{re.escape(self.package)}==?(\S+)", self.file.read_text(), re.MULTILINE)
        assert found, f"{self.file}: no pin of {self.package}"
        return found.group(1)

    @property
    def folder(self) -> Path:
        """Where it lies once it is made."""
        if self.had == "Go module":
            return build.folder(self.module)
        return cache() / SHELF / f"{self.pins}-{hashlib.sha256(self.file.read_bytes()).hexdigest()[:12]}"


GO, PYPI, DEBIAN = "Go module", "PyPI", "Debian"
PROGRAMS = (
    Program(
        "promtool",
        GO,
        "github.com/prometheus/prometheus",
        "promtool",
        "test_monitoring.py",
        "every PrometheusRule of `full`, the rulers' file, and the queries of every dashboard",
    ),
    Program(
        "amtool",
        GO,
        "github.com/prometheus/alertmanager",
        "amtool",
        "test_monitoring.py",
        "the alert routes, with a receiver of each kind",
    ),
    Program(
        "thanos",
        GO,
        "github.com/thanos-io/thanos",
        "thanos",
        "test_monitoring.py",
        "the rulers' rules and the bucket's configuration",
    ),
    Program(
        "minio",
        GO,
        "github.com/minio/minio",
        "minio",
        "test_stores.py",
        "our arguments, certificate and probes; buckets, users and policies of our Jobs; a foreign bucket refused",
    ),
    Program("mc", GO, "github.com/minio/mc", "mc", "test_stores.py", "runs our Jobs' scripts, twice"),
    Program(
        "mariadb",
        DEBIAN,
        "mariadb-server-core",
        "mariadb",
        "test_stores.py",
        "the SQL of our grants, twice, over TLS; another's database refused",
    ),
    Program(
        "mlflow",
        PYPI,
        "mlflow",
        "mlflow",
        "test_mlflow.py",
        "our migrations, twice, arguments, users, probe and metrics, over TLS: a run with an artifact in both stores; nobody without a user; in its image our FastAPI and Flask servers: probes, predictions, metrics",
    ),
    Program("optuna", PYPI, "optuna", "optuna", "test_data.py", "our schema script, and a study on our storage URL"),
    Program("optuna-dashboard", PYPI, "optuna-dashboard", "optuna", "test_data.py", "our start script and probe"),
    Program("dvc", PYPI, "dvc", "dvc", "test_data.py", "push and pull with our configuration, by our own check, on MinIO"),
    Program(
        "feast",
        PYPI,
        "feast",
        "feast",
        "test_feast.py",
        "our stores' settings: definitions applied, features materialised and read, on MariaDB",
    ),
    Program("airflow", PYPI, "apache-airflow", "airflow", "test_airflow.py", "it knows every configuration key that we set"),
    Program(
        "bentoml",
        PYPI,
        "bentoml",
        "bentoml",
        "test_models.py",
        "a Bento laid out as its image: our probes, an answer, metrics; and no start without our BENTOML_HOME",
    ),
    Program(
        "jupyterhub",
        PYPI,
        "jupyterhub",
        "jupyterhub",
        "test_jupyterhub.py",
        "our hub settings and Python, on MariaDB: a declared user logs in and sees our profiles, a stranger does not; the pod of one; metrics",
    ),
    Program(
        "pyspark",
        PYPI,
        "pyspark",
        "pyspark",
        "test_spark.py",
        "our SparkApplications: a topic (here a file) as Parquet by day, once and no more, read by a batch job; the driver's metrics; the clouds' script",
    ),
    Program(
        "tfdv",
        PYPI,
        "tensorflow-data-validation",
        "tfdv",
        "test_tfdv.py",
        "our CronJob and images/tfdv: a schema inferred from CSV in the bucket, good data passed, bad data failed with code 3",
    ),
    Program(
        "libc", DEBIAN, "libc6", "trixie", "test_tfdv.py", "stands under TFDV, whose wheel asks for a newer one than Debian 12's"
    ),
    Program("ray", PYPI, "ray", "ray", "test_ray.py", "our rayStartParams: head without CPUs and a worker that runs a task"),
)
BY_NAME = {program.name: program for program in PROGRAMS}


def table() -> str:
    """The Markdown table of the README."""
    lines = ["| program | version | how it is had | what it proves |", "|---|---|---|---|"]
    return "\n".join([*lines, *(f"| {p.name} | {p.version} | {p.had} | {p.proves} |" for p in PROGRAMS)]) + "\n"


def obtain(name: str) -> Path:
    """The folder with its binaries, made when missing. BuildError or CalledProcessError where it cannot be had."""
    program = BY_NAME[name]
    if program.had == GO:
        return build.build_missing([program.module], Console(stderr=True))[program.pins]
    with _making(program) as missing:
        if missing and program.had == DEBIAN:
            _packages(program)
        elif missing:
            _environment(program)
    return program.folder / ("root" if program.had == DEBIAN else "bin")


def need(name: str) -> Path:
    """`obtain`, or a skip that says what was tried."""
    program = BY_NAME[name]
    try:
        return obtain(name)
    except BuildError as error:
        pytest.skip(f"NOT RUN: {name} {program.version} ({program.had}) could not be had: {last(str(error))}")
    except FileNotFoundError as error:
        pytest.skip(f"NOT RUN: {name} {program.version} ({program.had}): there is no {error.filename} here")
    except subprocess.CalledProcessError as error:
        tried = " ".join(str(part) for part in error.cmd[:4])
        pytest.skip(f"NOT RUN: {name} {program.version} ({program.had}): `{tried} …` failed: {last(error.stderr or '')}")


def last(text: str) -> str:
    """The end of a long message, without addresses."""
    return re.sub(r"https?://\S+", "…", " ".join(text.split())[-300:])


@contextmanager
def _making(program: Program) -> Iterator[bool]:
    """Whether it is still to be made, by one clone at a time; it counts as made once the body has ended well."""
    done = program.folder / ".done"
    program.folder.parent.mkdir(parents=True, exist_ok=True)
    with (program.folder.parent / f".{program.pins}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        missing = not done.is_file()
        yield missing
        if missing:
            done.touch()


def _environment(program: Program) -> None:
    """A virtual environment in its final place: its scripts name the interpreter by path. A pins' file may name a platform."""
    uv = Path(sys.executable).with_name("uv")
    _quiet([uv, "venv", "--quiet", "--clear", "--python", sys.executable, program.folder])
    python = program.folder / "bin" / "python"
    platform = [f"--python-platform={found}" for found in _heads(program, "platform")]
    _quiet([uv, "pip", "install", "--quiet", "--no-deps", "--python", python, *platform, "-r", program.file])


def _packages(program: Program) -> None:
    """Debian packages unpacked below root/, none of them installed. A pins' file may name another release than the machine's."""
    program.folder.mkdir(parents=True, exist_ok=True)
    wanted = [line for line in program.file.read_text().split("\n") if line and not line.startswith("#")]
    options = [option for suite in _heads(program, "suite") for option in _release(program.folder, suite)]
    if options:
        _quiet(["apt-get", *options, "update"])
    _quiet(["apt-get", *options, "download", *wanted], program.folder)
    for archive in sorted(program.folder.glob("*.deb")):
        _quiet(["dpkg", "-x", archive, program.folder / "root"])
        archive.unlink()


def _heads(program: Program, name: str) -> list[str]:
    """What the comment `# <name>: …` of a pins' file says."""
    return re.findall(rf"^# {name}: (\S+)$", program.file.read_text(), re.MULTILINE)


def _release(folder: Path, suite: str) -> list[str]:
    """apt-get's options for another release from where this machine has its own, with lists in a folder of their own."""
    own = DEBIAN_SOURCES.read_text()
    given = {key: re.search(rf"^{key}: (.+)$", own, re.MULTILINE) for key in ("Types", "URIs", "Signed-By")}
    lines = [f"{key}: {found.group(1)}" for key, found in given.items() if found]
    file = folder / "apt" / f"{suite}.sources"
    (file.parent / "lists").mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join([*lines, f"Suites: {suite}", "Components: main", ""]))
    places = {"Etc::sourcelist": file, "Etc::sourceparts": "-", "State::lists": file.parent / "lists", "Cache": file.parent}
    return [f"-oDir::{key}={place}" for key, place in places.items()]


def _quiet(argv: Sequence[str | Path], folder: Path | None = None) -> None:
    """CalledProcessError with what it said, FileNotFoundError where there is no such command."""
    subprocess.run([str(part) for part in argv], cwd=folder, check=True, capture_output=True, text=True)


if __name__ == "__main__":
    if sys.argv[1] == "table":
        print(table(), end="")
    for wanted in sys.argv[2:] if sys.argv[1] == "get" else []:
        print(wanted, obtain(wanted))
