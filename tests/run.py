"""`python -m tests.run fast|all [--minutes N]`: the suites in order, and what was not run.

fast: everything not marked slow. all: the slow rest too, file by file while the minutes last; each file that they did
not reach is printed as NOT RUN. Exit code 1 where a test failed, whatever was not run.
"""

import subprocess
import sys
import time
from pathlib import Path

import typer

ROOT = Path(__file__).resolve().parent.parent
PLAIN = ["tests/unit", "tests/policies", "tests/contracts", "tests/blueprints"]
NOTHING_COLLECTED = 5


def pytest(*arguments: str) -> bool:
    """One pytest run; True where nothing failed (nothing to run is nothing failed)."""
    print(f"\n$ pytest {' '.join(arguments)}", flush=True)
    done = subprocess.run([sys.executable, "-m", "pytest", "-rs", *arguments], cwd=ROOT, check=False)
    return done.returncode in (0, NOTHING_COLLECTED)


def slow_files() -> list[str]:
    """Files with slow tests, in the order of their names."""
    marked = (p for p in sorted((ROOT / "tests").rglob("test_*.py")) if "mark.slow" in p.read_text(encoding="utf-8"))
    return [str(p.relative_to(ROOT)) for p in marked]


def run(suite: str, minutes: float = 1e6, begun: float = 0.0) -> int:
    """Run a suite ("fast", "slow" or "all"); `minutes` bounds the slow part, counted from `begun` (time.time())."""
    deadline = (begun or time.time()) + minutes * 60
    good = True
    if suite in ("fast", "all"):
        good &= pytest("-m", "not slow and not sandbox", "-n", "2", "--dist", "loadfile", *PLAIN)
        good &= pytest("-m", "not slow", "tests/sandbox")
        good &= pytest("-m", "not slow and sandbox", *PLAIN)
    missed: list[str] = []
    if suite in ("slow", "all"):
        for file in slow_files():
            if time.time() > deadline:
                missed.append(file)
                continue
            good &= pytest("-m", "slow", file)
    for file in missed:
        print(f"NOT RUN: {file} (slow): the {minutes:.0f} minutes were used up")
    return 0 if good else 1


def main(suite: str, minutes: float = 1e6, begun: float = 0.0) -> None:
    """Entry point."""
    sys.exit(run(suite, minutes, begun))


if __name__ == "__main__":
    typer.run(main)
