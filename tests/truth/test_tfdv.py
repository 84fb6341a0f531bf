"""TFDV by our CronJob and the script of images/tfdv, over CSV files in MinIO: a schema inferred, good data passed, bad failed."""

import re
from pathlib import Path

import pytest

from components.kubernetes.tfdv import ANOMALIES
from tests.truth.machine import Machine
from tests.truth.programs import need
from tests.truth.running import Running
from tests.truth.stores import ask_mc, s3, stored

pytestmark = [pytest.mark.slow, pytest.mark.truth, pytest.mark.timeout(3600)]

IMAGE = Path(__file__).parents[2] / "images" / "tfdv"
KEY = ("argo", "tfdv-bucket-tfdv")


@pytest.fixture(scope="module")
def entry(machine: Machine) -> Path:
    """A folder with the image's entry point under the container's name."""
    program = need("tfdv")
    folder = machine.folder / "tfdv-bin"
    folder.mkdir()
    found = re.search(r'^ENTRYPOINT \["(\S+)", "(\S+)"\]$', (IMAGE / "Dockerfile").read_text(), re.MULTILINE)
    assert found
    (folder / "tfdv").write_text(f'#!/bin/sh\nPATH="{program}:$PATH" exec {found.group(1)} {found.group(2)}\n')
    (folder / "tfdv").chmod(0o755)
    return folder


def validate(machine: Machine, entry: Path) -> Running:
    """A run of the CronJob, over Debian 13's C library as the image has it."""
    libc = need("libc")
    job = machine.made.one("CronJob", "tfdv-trips").inputs["spec"]["jobTemplate"]["spec"]
    image = {"/opt/mlops": IMAGE, **{f"/usr/{part}": libc / "usr" / part for part in ("lib", "lib64")}}
    return machine.launch("argo", job["template"]["spec"], entry, image=image)


def put(machine: Machine, mc: Path, name: str, *lines: str) -> None:
    """A CSV file of the dataset."""
    (machine.folder / "bundle" / name).write_text("\n".join(["driver,rate,city", *lines, ""]))
    ask_mc(machine, mc, KEY, "cp", f"/etc/mlops/ca/{name}", f"store/tfdv/trips/{name}").done()


def test_good_data_pass_and_bad_data_fail_the_job(machine: Machine, entry: Path) -> None:
    assert s3(machine) == "minio"
    mc = need("mc")
    machine.trust()
    put(machine, mc, "1.csv", *(f"{n},{n / 8},{('oslo', 'rome')[n % 2]}" for n in range(40)))
    said = validate(machine, entry).done()
    assert "1 files, 3 features, 0 anomalies, schema inferred" in said
    kept = stored(machine, KEY, "tfdv")
    assert {"tfdv/trips/schema.pbtxt"} < set(kept)
    (run,) = {key.split("/")[3] for key in kept if key.startswith("tfdv/trips/runs/")}
    found = {key.split("/")[4] for key in kept if f"/{run}/" in key}
    assert found == {"anomalies.pbtxt", "report.html", "statistics.pbtxt", "summary.json"}
    put(machine, mc, "2.csv", *(f"{n},{n / 8},{('oslo', 'atlantis')[n % 2]}" for n in range(40)))
    running = validate(machine, entry)
    said = running.failed()
    assert running.process.returncode == ANOMALIES, said
    assert "ERROR city" in said and "atlantis" in said and "schema given" in said
