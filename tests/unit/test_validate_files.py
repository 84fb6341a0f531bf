"""Broken stack files, one kind each: every one is told apart, placed, and explained."""

from pathlib import Path

import pytest

from components.settings import load_file
from components.validation.problems import Problems

FOLDER = Path(__file__).parent / "broken_stacks"

KINDS = {
    "unknown-key": (7, "mlops:spec.systems.kafka.storageClas", 'did you mean "storageClass"?'),
    "system-typo": (5, "mlops:spec.systems.kafak", 'unknown system; did you mean "kafka"?'),
    "bad-quantity": (6, "mlops:spec.systems.kafka.storage", '"100GB": expected bytes with their unit'),
    "negative-count": (6, "mlops:spec.systems.kafka.brokers", "-3: expected at least 1"),
    "missing-need": (
        6,
        "mlops:spec.systems.mlflow",
        "needs a database, and nothing in this stack provides one; add systems.mysql",
    ),
    "ring": (10, "mlops:spec.bringYourOwn.database.after", "mlflow -> bringYourOwn.database -> mlflow"),
    "wrong-enum": (4, "mlops:spec.environment", 'expected one of dev, staging, prod; did you mean "prod"?'),
    "empty": (None, "", "the file is empty of configuration; expected `config:`"),
    "yaml-error": (6, "", "not valid YAML"),
    "wrong-top-level": (None, "", "expected a mapping at the top, got a list"),
    "long-name": (4, "mlops:spec.team", "expected at most 40 characters, got 48"),
    "plain-secret": (
        10,
        "mlops:spec.systems.jupyterhub.values.hub.config.GitHubOAuthenticator.client_secret",
        "a secret in plain text (value not shown)",
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_one_kind_of_problem_is_named_with_its_place(kind: str) -> None:
    line, path, message = KINDS[kind]
    result = load_file(FOLDER / f"{kind}.yaml")
    assert isinstance(result, Problems)
    assert len(result) == 1, result.text()
    assert (result[0].line, result[0].path) == (line, path)
    assert message in result[0].message
    assert result[0].file == f"tests/unit/broken_stacks/{kind}.yaml"


def test_every_problem_of_a_file_is_reported_at_once_in_its_order() -> None:
    result = load_file(FOLDER / "everything.yaml")
    assert isinstance(result, Problems)
    found = [(problem.line, problem.path) for problem in result]
    assert found == [
        (3, "mlops:target"),
        (4, "mlops:bluprint"),
        (5, "aws:secretKey"),
        (7, "mlops:spec.environment"),
        (9, "mlops:spec.systems.mlflow"),
        (9, "mlops:spec.systems.mlflow"),
        (11, "mlops:spec.systems.kafka.brokers"),
        (12, "mlops:spec.systems.kafka.storage"),
        (13, "mlops:spec.systems.flink"),
        (14, "mlops:spec.teams"),
    ]


@pytest.mark.parametrize("kind", ["plain-secret", "everything"])
def test_a_secret_is_never_shown(kind: str) -> None:
    result = load_file(FOLDER / f"{kind}.yaml")
    assert isinstance(result, Problems)
    assert "hunter2" not in result.text()


def test_every_broken_file_has_a_test() -> None:
    assert {path.stem for path in FOLDER.glob("*.yaml")} == {*KINDS, "everything"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xff\xfe\x00", "not UTF-8 text"),
        (b"config: {a: 1}\n---\nconfig: {}\n", "not valid YAML"),
        (b"config:\n  mlops:target: kubernetes\n  mlops:target: sagemaker\n", "duplicate key"),
        (b"&a\nconfig: *a\n", "nested"),
        (
            b"a: &a [x,x,x,x,x,x,x,x,x]\n"
            + b"".join(b"%c: &%c [%s]\n" % (98 + i, 98 + i, b",".join([b"*%c" % (97 + i)] * 9)) for i in range(8)),
            "values",
        ),
        (b"config: " + b"[" * 5000, "YAML"),
        (b"config: " + b"{a: " * 200 + b"1" + b"}" * 200, "nested more than"),
    ],
)
def test_what_is_no_document_is_one_problem(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "Pulumi.demo.yaml"
    path.write_bytes(content)
    result = load_file(path)
    assert isinstance(result, Problems)
    assert len(result) == 1
    assert message in result[0].message or (message == "YAML" and "nested" in result[0].message)


def test_a_missing_file_and_a_directory_are_problems(tmp_path: Path) -> None:
    for path in (tmp_path / "Pulumi.none.yaml", tmp_path):
        result = load_file(path)
        assert isinstance(result, Problems)
        assert "cannot be read" in result[0].message
