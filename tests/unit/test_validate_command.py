"""`mlops validate`: exit codes, formats, all stacks by default, and nothing heavy imported."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from components import settings

BROKEN = Path(__file__).parent / "broken_stacks"
HEAVY = (
    "pulumi", "pulumi_kubernetes", "pulumi_aws", "pulumi_gcp", "pulumi_azure_native", "boto3", "botocore", "grpc", "kubernetes",
    "rich",
)  # fmt: skip
runner = CliRunner()


def test_every_stack_is_checked_where_none_is_named() -> None:
    done = runner.invoke(app, ["validate"])
    assert done.exit_code == 0, done.output
    assert [line.split()[1] for line in done.stdout.splitlines()] == settings.stacks()


@pytest.mark.parametrize("file", sorted(BROKEN.rglob("*.yaml")), ids=lambda path: path.stem)
def test_a_broken_file_is_exit_code_2_without_a_traceback(file: Path) -> None:
    done = runner.invoke(app, ["validate", str(file)])
    assert done.exit_code == 2
    assert isinstance(done.exception, SystemExit)
    assert done.stderr.startswith(f'stack "{file.stem}" has ')
    assert "Traceback" not in done.output


def test_good_and_broken_together_are_both_reported() -> None:
    done = runner.invoke(app, ["validate", "sandbox", str(BROKEN / "empty.yaml"), "sandbxo"])
    assert done.exit_code == 2
    assert done.stdout.startswith("ok  sandbox  kubernetes  all")
    assert 'stack "empty" has 1 problem:' in done.stderr
    assert 'did you mean "sandbox"?' in done.stderr


def test_json_is_for_machines() -> None:
    done = runner.invoke(app, ["validate", "sandbox", str(BROKEN / "bad-quantity.yaml"), "--format", "json"])
    assert done.exit_code == 2
    good, bad = json.loads(done.stdout)
    assert good["valid"] is True and good["target"] == "kubernetes" and "kafka" in good["systems"]
    assert bad["valid"] is False
    assert bad["problems"][0]["path"] == "mlops:spec.systems.kafka.storage"
    assert bad["problems"][0]["line"] == 6


def test_nothing_of_the_engine_or_a_cloud_is_imported() -> None:
    script = f"""
import sys
from cli.validate import validate
validate([])
print([name for name in {HEAVY!r} if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=settings.ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
