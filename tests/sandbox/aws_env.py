"""A real engine beside a simulated AWS API of its own, for one test or one module."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import psutil
from botocore.config import Config

from sandbox.build import BuildError, tool
from sandbox.engine.home import prepare
from sandbox.paths import ROOT
from tests.sandbox.engine_env import Engine

PROGRAMS = ROOT / "tests" / "programs" / "aws"
TOKEN = "correct-horse-battery-staple"
_START = 60.0  # seconds; 1 s on an idle machine


class Cloud:
    """The simulated API server of one sandbox home."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.status = home / "status" / "cloud.json"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it says that it is ready."""
        environment = {**os.environ, "MLOPS_SANDBOX_HOME": str(self.home)}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "sandbox.providers.aws.server", "--parent", str(os.getpid())], cwd=ROOT, env=environment
        )
        deadline = time.monotonic() + _START
        while not self.status.exists():
            assert self.process.poll() is None, "the server ended"
            assert time.monotonic() < deadline, "the server is not ready"
            time.sleep(0.1)

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(30)

    @property
    def endpoint(self) -> str:
        """Where it listens."""
        return str(json.loads(self.status.read_text())["endpoint"])

    def client(self, service: str) -> Any:
        """A boto3 client, as any user of the API has it."""
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"max_attempts": 0}),
        )


class Trial(Engine):
    """An engine with one project whose program is a folder of tests/programs/aws, and its cloud."""

    cloud: Cloud

    def program(self, name: str) -> None:
        """Put another program into the project."""
        shutil.copy(PROGRAMS / name / "__main__.py", self.project / "__main__.py")

    def set(self, **values: str) -> None:
        """Set config values in plain text."""
        for key, value in values.items():
            self.ok("config", "set", key, value)

    def gone_but(self, cloud: Cloud, seconds: float = 30.0) -> bool:
        """True when every process of this engine but the cloud's server ends by itself within this time."""
        assert cloud.process is not None
        others = [process for process in self.children() if process.pid != cloud.process.pid]
        _, alive = psutil.wait_procs(others, timeout=seconds)
        return not alive

    def refused(self, *arguments: str) -> str:
        """A command that must fail; its text."""
        result = self.run(*arguments)
        assert result.code != 0, result.text
        assert "Traceback" not in result.text, result.text
        return result.text


@contextmanager
def trial(folder: Path, program: str) -> Iterator[Trial]:
    """A project with stack `dev` and a running cloud; both are gone afterwards."""
    try:
        pulumi = tool("pulumi")
    except BuildError as error:
        raise AssertionError(str(error)) from None
    home, project = folder / "home", folder / "project"
    project.mkdir(parents=True)
    (project / "Pulumi.yaml").write_text(f"name: trial\nruntime:\n  name: python\n  options:\n    virtualenv: {sys.prefix}\n")
    cloud = Cloud(home)
    cloud.start()
    kept = {
        key: value for key, value in os.environ.items() if not key.startswith(("PULUMI_", "MLOPS_SANDBOX", "PYTEST_", "AWS_"))
    }
    environment = {
        **kept,
        "PATH": f"{pulumi.parent}{os.pathsep}{os.environ['PATH']}",
        "MLOPS_SANDBOX_HOME": str(home),
        "PULUMI_HOME": str(prepare(home)),
        "PULUMI_BACKEND_URL": f"file://{home / 'backend'}?metadata=skip",
        "PULUMI_CONFIG_PASSPHRASE_FILE": str(home / "passphrase"),
        "PULUMI_SKIP_UPDATE_CHECK": "1",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "AWS_ENDPOINT_URL": cloud.endpoint,
    }
    made = Trial(home, project, environment)
    made.cloud = cloud
    made.program(program)
    made.ok("stack", "init", "dev")
    try:
        yield made
    finally:
        if cloud.process and cloud.process.poll() is None:
            cloud.stop()
        for process in made.children():
            process.kill()
