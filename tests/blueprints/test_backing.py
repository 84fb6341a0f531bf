"""What the sandbox's AWS does of a blueprint by API calls: every security setting there is read back, or known not to be."""

import pytest

from sandbox.paths import ROOT
from sandbox.providers.aws.tables import table
from tests.blueprints.backing import READ, UNREAD, backing, unread


@pytest.mark.parametrize("name", [pytest.param("full", marks=pytest.mark.slow), "production", "gpu-training"])
def test_no_security_setting_of_an_api_backed_type_is_forgotten(name: str) -> None:
    assert unread(name) <= set(UNREAD)


@pytest.mark.slow
def test_what_is_said_not_to_be_read_back_stands_in_full_and_is_not_read() -> None:
    assert unread("full") == set(UNREAD)


def test_what_is_said_to_be_read_back_is_api_backed_and_the_file_asks_its_service() -> None:
    known = table()
    services = {"cloudwatch": "logs", "msk": "kafka", "kinesis": "firehose", "sfn": "stepfunctions"}
    for kind, file in READ.items():
        spec = known[kind]
        assert spec.api is not None, kind
        service = kind.split(":")[1].partition("/")[0]
        assert f'"{services.get(service, service)}"' in (ROOT / file).read_text(encoding="utf-8"), kind


def test_both_kinds_are_counted() -> None:
    rows = backing("production")
    assert {row["api"] for row in rows.values()} == {True, False}
    assert rows["aws:s3/bucket:Bucket"]["api"] and rows["aws:rds/instance:Instance"]["security"] >= {
        "storageEncrypted",
        "kmsKeyId",
    }
