"""Keys that only managed targets have, and what the shared ones ask for there."""

from pathlib import Path

import pytest

from tests.unit.stackfiles import checked, messages, only, stack


@pytest.mark.parametrize(
    ("key", "own"),
    [
        ("training", "kubeflow"),
        ("experiments", "mlflow"),
        ("automl", "katib"),
        ("modelRegistry", "mlflow"),
        ("modelMonitoring", "tfdv"),
    ],
)
def test_kubernetes_says_what_offers_it_there(tmp_path: Path, key: str, own: str) -> None:
    said = only(checked(tmp_path, f"systems: {{{key}: {{}}}}"))
    assert f"systems.{own} offers the same" in said and "mlops:target: sagemaker" in said


def test_what_a_delivery_needs_stands_without_a_model_on_aws_and_not_on_kubernetes(tmp_path: Path) -> None:
    spec = "systems: {minio: {}, fastapi: {}}"
    assert stack(checked(tmp_path, spec, target="sagemaker")).spec.systems.fastapi is not None
    assert "nothing to serve" in " ".join(messages(checked(tmp_path, spec)))


def test_a_model_on_aws_names_its_image(tmp_path: Path) -> None:
    spec = "systems: {minio: {}, fastapi: {models: {churn: {model: churn/1}}}}"
    assert "serves images of your own on sagemaker" in only(checked(tmp_path, spec, target="sagemaker"))


@pytest.mark.parametrize("schedule", ["0 * * * *", "cron(15 * ? * * *)", "rate(1 hour)"])
def test_a_check_is_hourly_at_most(tmp_path: Path, schedule: str) -> None:
    spec = f"systems: {{minio: {{}}, modelMonitoring: {{endpoints: {{churn: {{schedule: '{schedule}'}}}}}}}}"
    assert "modelMonitoring.endpoints.churn.schedule" in only(checked(tmp_path, spec, target="sagemaker"))


def test_readers_are_account_numbers(tmp_path: Path) -> None:
    spec = "systems: {modelRegistry: {readers: ['1234']}}"
    assert "modelRegistry.readers" in only(checked(tmp_path, spec, target="sagemaker"))
