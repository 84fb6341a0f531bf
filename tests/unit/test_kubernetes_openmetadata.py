"""OpenMetadata: no default password or key, TLS to the database verified, an index of its own, and keys that Java reads."""

import base64
import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.contracts import Catalog, Certificates, Database
from components.kubernetes import extend
from components.kubernetes.openmetadata import OpenMetadata, OpenMetadataArgs, told
from components.kubernetes.openmetadata_values import PREPARE, jdbc
from components.kubernetes.place import Compute
from components.platform import Platform
from components.spec.data import Openmetadata
from tests.unit.kubernetes_site import CERTIFICATES, DATABASE, METRICS, SERVER, site
from tests.unit.recording import Recording, generated, record, settled
from tests.unit.stackfiles import checked, stack

ARGS = OpenMetadataArgs(
    namespace="openmetadata",
    labels={"mlops.dev/team": "platform"},
    database=DATABASE,
    engine="mysql",
    issuer="mlops-ca",
    replicas=2,
    compute=Compute("500m", "2Gi"),
    search=Compute("500m", "2Gi"),
    storage="30Gi",
    domain="mlops.example",
    monitored=True,
)


def build(args: OpenMetadataArgs = ARGS) -> Recording[OpenMetadata]:
    return record(lambda: OpenMetadata("openmetadata", args))


def values(made: Recording[Any]) -> dict[str, Any]:
    found: dict[str, Any] = made.one("Chart").inputs["values"]
    return found


def pod(args: OpenMetadataArgs = ARGS) -> dict[str, Any]:
    """What the transform makes of a Deployment like the chart's."""
    given = {
        "spec": {
            "template": {
                "spec": {
                    "initContainers": [
                        {"name": "prepare"},
                        {"name": "run-db-migrations", "env": [{"name": "DB_HOST", "value": "mysql"}]},
                    ],
                    "containers": [{"name": "openmetadata"}],
                    "volumes": [{"name": "trust"}],
                }
            }
        }
    }

    def run() -> Any:
        transform = extend.deployment("openmetadata", told(args), init="run-db-migrations")
        made = transform(
            pulumi.ResourceTransformArgs(True, "kubernetes:apps/v1:Deployment", "x", given, pulumi.ResourceOptions())
        )
        assert made is not None
        return made.props["spec"]

    found: dict[str, Any] = record(run).result["template"]["spec"]
    return found


def env(container: dict[str, Any]) -> dict[str, Any]:
    return {e["name"]: e.get("value", e.get("valueFrom")) for e in container["env"]}


def test_the_administrators_password_is_ours_from_the_first_start() -> None:
    made = build()
    admin = made.one("Secret", "openmetadata-admin").inputs["stringData"]
    password = generated("openmetadata-admin-password")
    assert admin == {"username": "admin@mlops.example", "password": password, "principals": f'["admin:{password}"]'}
    config = values(made)["openmetadata"]["config"]
    assert config["authentication"] == {"provider": "basic", "enableSelfSignup": False}
    assert env(pod()["containers"][0])["AUTHORIZER_ADMIN_PRINCIPALS"] == {
        "secretKeyRef": {"name": "openmetadata-admin", "key": "principals"}
    }
    assert made.leaks() == []


def test_no_key_of_the_image_or_the_chart_is_used() -> None:
    made = build()
    key = made.one("Secret", "openmetadata-keys")
    assert len(base64.urlsafe_b64decode(key.inputs["stringData"]["fernet"])) == 32
    assert any(path.startswith("stringData") for path in key.secrets)
    assert key.inputs["stringData"]["airflow"] == made.passwords["openmetadata-airflow-password"]
    config = values(made)["openmetadata"]["config"]
    assert config["fernetkey"] == {"value": "", "secretRef": "openmetadata-keys", "secretKey": "fernet"}
    assert config["jwtTokenConfiguration"]["rsaprivateKeyFilePath"] == "/etc/mlops/trust/private_key.der"
    signing = made.one("Certificate", "openmetadata-signing").inputs["spec"]
    assert signing["privateKey"] == {"algorithm": "RSA", "size": 2048, "encoding": "PKCS8", "rotationPolicy": "Never"}
    volumes = {v["name"]: v for v in values(made)["extraVolumes"]}
    assert volumes["signing"]["secret"]["secretName"] == signing["secretName"]


def test_server_and_migration_are_told_of_the_database() -> None:
    spec = pod()
    for container in (spec["containers"][0], spec["initContainers"][1]):
        found = env(container)
        assert (found["DB_HOST"], found["OM_DATABASE"]) == ("mysql-haproxy.mysql.svc", "runs")
        assert settled(lambda port=found["DB_PORT"]: port) == "3306"  # type: ignore[misc]
        assert found["DB_USER_PASSWORD"] == {"secretKeyRef": {"name": "app-mysql", "key": "password"}}
        # the chart's own names a Secret that is not there, and such a pod never starts
        assert found["AIRFLOW_PASSWORD"] == {"secretKeyRef": {"name": "openmetadata-keys", "key": "airflow"}}
    assert "env" not in spec["initContainers"][0]
    assert {"name": "database-ca", "configMap": {"name": "mlops-ca"}} in spec["volumes"]
    assert {"name": "trust"} in spec["volumes"]


@pytest.mark.parametrize(
    ("engine", "private", "wanted"),
    [
        ("mysql", True, "trustCertificateKeyStoreUrl=file:/etc/mlops/trust/database.jks"),
        ("mysql", False, "sslMode=VERIFY_IDENTITY"),
        ("postgres", True, "sslmode=verify-full&sslrootcert=/etc/mlops/database/ca.crt"),
        ("postgres", False, "sslmode=verify-full"),
    ],
)
def test_the_database_is_verified_by_name(engine: str, private: bool, wanted: str) -> None:
    assert wanted in jdbc(engine, private)
    assert "useSSL=false" not in jdbc(engine, private)
    args = replace(ARGS, engine=engine, database=replace(DATABASE, ca_config_map="mlops-ca" if private else None))
    config = values(build(args))["openmetadata"]["config"]["database"]
    assert config["dbParams"] == jdbc(engine, private)
    assert config["dbScheme"] == {"mysql": "mysql", "postgres": "postgresql"}[engine]
    mounts = {m["name"] for m in values(build(args))["extraVolumeMounts"]}
    assert ("database-ca" in mounts) is private


def test_the_index_is_its_own_and_asks_for_a_password() -> None:
    made = build()
    search = values(made)["openmetadata"]["config"]["elasticsearch"]
    assert made.one("Service", "openmetadata-index").inputs["spec"]["ports"][0]["port"] == search["port"]
    reference = search["auth"]["password"]
    assert reference["secretKey"] in made.one("Secret", reference["secretRef"]).inputs["stringData"]
    assert {"openmetadata-index-server", "openmetadata-signing", "openmetadata-keys"} <= made.waits_for("openmetadata-chart")


def test_in_prod_the_index_is_protected() -> None:
    assert build(replace(ARGS, protect=True)).one("StatefulSet", "openmetadata-index").protect
    assert not build().one("StatefulSet", "openmetadata-index").protect


@pytest.mark.skipif(shutil.which("openssl") is None, reason="NOT RUN: openssl is not at hand")
def test_the_prepared_keys_are_the_certificates_in_the_form_that_java_reads(tmp_path: Path) -> None:
    """The script against a key, a certificate and two authorities made here; keytool is noted, not run."""
    for folder in ("signing", "trust", "database", "tmp", "bin"):
        (tmp_path / folder).mkdir()

    def ssl(*args: str) -> bytes:
        return subprocess.run(["openssl", *args], capture_output=True, check=True, cwd=tmp_path).stdout

    ssl(
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=x", "-keyout", "signing/tls.key", "-out", "signing/tls.crt"
    )
    authority = (tmp_path / "signing/tls.crt").read_text()
    (tmp_path / "database/ca.crt").write_text(authority * 2)
    keytool = tmp_path / "bin/keytool"
    keytool.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\n')
    keytool.chmod(0o755)
    script = PREPARE.replace("/tmp/", f"{tmp_path}/tmp/").replace("/etc/mlops/", f"{tmp_path}/")
    done = subprocess.run(
        ["bash", "-c", script],
        env={"PATH": f"{tmp_path}/bin:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "trust/public_key.der").read_bytes() == ssl("pkey", "-in", "signing/tls.key", "-pubout", "-outform", "DER")
    private = ssl("pkey", "-inform", "DER", "-in", "trust/private_key.der", "-pubout", "-outform", "DER")
    assert private == (tmp_path / "trust/public_key.der").read_bytes()
    assert (tmp_path / "trust/private_key.der").stat().st_mode & 0o077 == 0
    calls = (tmp_path / "calls").read_text().splitlines()
    assert [("-alias ca-1" in calls[0]), ("-alias ca-2" in calls[1])] == [True, True] and len(calls) == 2


def test_the_plan_contract_and_endpoint() -> None:
    config = Openmetadata(values={"openmetadata": {"config": {"logLevel": "DEBUG"}}})
    args = OpenMetadata.plan(site("openmetadata", config, SERVER, CERTIFICATES, METRICS, registryMirror="mirror.example"))
    assert (args.engine, args.issuer, args.monitored, args.replicas) == ("mysql", "mlops-ca", True, 1)
    made = build(args)
    assert values(made)["openmetadata"]["config"]["logLevel"] == "DEBUG"
    assert values(made)["image"]["repository"] == "mirror.example/openmetadata/server"
    assert values(made)["preMigrateInitContainers"][0]["image"] == "mirror.example/openmetadata/server:1.13.1"
    (endpoint,) = made.result.endpoints()
    assert (endpoint.service, endpoint.port, endpoint.login) == ("openmetadata", 8585, False)
    assert (OpenMetadata.needs, OpenMetadata.provides) == ((Database, Certificates), (Catalog,))


def test_it_composes_with_the_platform(tmp_path: Path) -> None:
    spec = "systems: {minio: {replicas: 1}, mysql: {replicas: 1}, openmetadata: {}}"
    made = record(lambda: Platform("platform", stack(checked(tmp_path, spec))))
    assert made.one("Secret", "openmetadata-database-openmetadata").namespace == "openmetadata" and made.leaks() == []
