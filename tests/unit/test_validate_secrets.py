"""Plain-text credentials are found under any key and by their own shape; what only names a Secret is let through."""

from pathlib import Path

import pytest

from components.validation.secrets import find_plain
from tests.unit.stackfiles import checked, messages, problems, stack


@pytest.mark.parametrize(
    "values",
    [
        {"password": "x"},
        {"adminPassword": "x"},
        {"auth": {"rootPasswd": "x"}},
        {"api-key": "x"},
        {"clientSecret": "x"},
        {"aws": {"secretAccessKey": "x"}},
        {"tokens": ["x"]},
        {"password": 1234},
        {"anything": "-----BEGIN RSA PRIVATE KEY-----\nMII"},
        {"anything": "AKIA" + "A" * 16},
        {"anything": "ghp_" + "a" * 36},
        {"uri": "mysql://root:hunter2@db:3306/x"},
    ],
)
def test_a_credential_is_found(values: object) -> None:
    assert list(find_plain(values))


@pytest.mark.parametrize(
    "values",
    [
        {"existingSecret": "mlflow-admin"},
        {"secretName": "tls"},
        {"passwordSecretRef": "x"},
        {"automountServiceAccountToken": False},
        {"tokenExpirationSeconds": 3600},
        {"passwordPolicy": "strong"},
        {"secretKeyRef": {"name": "a", "key": "b"}},
        {"password": ""},
        {"password": None},
        {"password": {"secure": "v1:abc"}},
        {"image": "registry.example.com:5000/a@sha256:" + "0" * 64},
        {"url": "https://example.com:8443/a"},
        {"bringYourOwn": {"database": {"credentials": {"mlflow": "mlflow-database"}}}},
    ],
)
def test_what_only_names_a_secret_is_let_through(values: object) -> None:
    assert not list(find_plain(values))


def test_a_blueprint_is_searched_too_and_names_its_own_line(tmp_path: Path) -> None:
    blueprint = "spec:\n  systems:\n    kafka:\n      values:\n        password: hunter2\n"
    result = checked(tmp_path, "tier: all", head="  mlops:blueprint: base\n", blueprint__base=blueprint)
    assert "hunter2" not in " ".join(messages(result))
    assert str(problems(result)[0]).startswith(
        "blueprints/base.yaml:5: spec.systems.kafka.values.password: a secret in plain text"
    )


def test_other_projects_secrets_may_stand_encrypted(tmp_path: Path) -> None:
    head = "  aws:secretKey:\n    secure: v1:abc\n  aws:region: eu-central-1\n"
    stack(checked(tmp_path, "systems: {kafka: {}}", head=head))


def test_a_wrong_value_under_a_credentials_key_is_not_shown(tmp_path: Path) -> None:
    result = checked(tmp_path, "systems: {kafka: {}}\nregistryMirror: {password: hunter2}")
    assert "hunter2" not in " ".join(messages(result))
