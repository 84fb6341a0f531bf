"""SeaweedFS beyond the contract: how its parts trust one another, what its shell scripts do, what is kept in prod."""

import os
import stat
import subprocess
from dataclasses import replace
from pathlib import Path

import pulumi
import pytest

from components.kubernetes.seaweedfs import SeaweedfsStore, keep_servers
from components.kubernetes.seaweedfs_client import GRANT, PREPARE, bucket_line, lifetime
from components.kubernetes.seaweedfs_values import environment
from components.spec.data import Bucket, Seaweedfs
from tests.unit.kubernetes_site import CERTIFICATES, METRICS, site
from tests.unit.object_stores import SEAWEEDFS, granted

FAKE = """\
#!/bin/sh
while read -r line; do
  printf '%s\\n' "$line" >> "$LOG"
  case "$line" in
    s3.bucket.list) printf '  old\\tsize:0\\n' ;;
    fs.configure) printf '{"locationPrefix": "/buckets/timed/"}\\n' ;;
    *forbidden*) echo 'error: no' >&2 ;;
    *misspelt*) echo "unknown command: $line" >&2 ;;
  esac
done
"""


def run(folder: Path, script: str, **env: str) -> tuple[int, list[str], str]:
    """(exit code, what the shell was told, output) of a script over a stand-in for `weed`."""
    for name, text in {"weed": FAKE, "timeout": '#!/bin/sh\nshift\nexec "$@"\n'}.items():
        (folder / name).write_text(text)
        (folder / name).chmod(stat.S_IRWXU)
    for name in ("said", "problems"):
        script = script.replace(f"/tmp/{name}", str(folder / name))
    variables = {
        "PATH": f"{folder}:{os.environ['PATH']}",
        "LOG": str(folder / "log"),
        "MASTERS": "m:9333",
        "FILER": "f:8888",
        **env,
    }
    done = subprocess.run(["sh", "-c", script], env=variables, capture_output=True, text=True, timeout=30, check=False)
    log = folder / "log"
    return done.returncode, log.read_text().splitlines() if log.exists() else [], done.stdout + done.stderr


def test_a_bucket_is_created_only_where_it_is_not(tmp_path: Path) -> None:
    code, told, _ = run(tmp_path, PREPARE + bucket_line("new", True, 0) + bucket_line("old", False, 86400))
    assert code == 0
    assert "s3.bucket.create -name new" in told and "s3.bucket.create -name old" not in told
    assert {"s3.bucket.versioning -name new -enable", "s3.bucket.versioning -name old -suspend"} <= set(told)
    assert "fs.configure -locationPrefix=/buckets/old/ -ttl=1d -apply" in told
    assert not [line for line in told if "/buckets/new/" in line]


def test_an_expiry_that_is_no_longer_asked_for_is_taken_away(tmp_path: Path) -> None:
    _, told, _ = run(tmp_path, PREPARE + bucket_line("timed", True, 0))
    assert "fs.configure -locationPrefix=/buckets/timed/ -delete -apply" in told


def test_a_grant_tells_the_shell_the_key_and_the_log_nothing(tmp_path: Path) -> None:
    code, told, output = run(tmp_path, PREPARE + GRANT, ACCESS_KEY="dvc", SECRET_KEY="hush")
    assert code == 0 and "hush" not in output
    assert told == [
        "s3.policy -put -name=dvc -file=/etc/mlops/seaweedfs/policy.json",
        "s3.configure -user=dvc -access_key=dvc -secret_key=hush -policies=dvc -apply",
    ]


@pytest.mark.parametrize("command", ["s3.forbidden", "s3.misspelt"])
def test_what_the_shell_refuses_fails_the_job(tmp_path: Path, command: str) -> None:
    code, told, output = run(tmp_path, f"{PREPARE}echo '{command}' | shell\necho 'never' | shell\n")
    assert code != 0 and told == [command] and output.strip()


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, "0"), (1, "1d"), (86400 * 255, "255d"), (86400 * 256, "37w"), (86400 * 7 * 255, "255w"), (86400 * 365 * 20, "20y")],
)
def test_a_lifetime_is_a_byte_and_a_unit(seconds: int, expected: str) -> None:
    assert lifetime(seconds) == expected


def test_every_server_has_mutual_tls_with_one_common_name_and_signed_requests() -> None:
    made = granted("seaweedfs")
    internal = made.one("Certificate", "seaweedfs-internal").inputs["spec"]
    env = environment()
    for part in ("MASTER", "VOLUME", "FILER", "S3"):
        assert env[f"WEED_GRPC_{part}_ALLOWED_COMMONNAMES"] == internal["commonName"]
        assert env[f"WEED_GRPC_{part}_CERT"].endswith("tls.crt")
    assert {"server auth", "client auth"} <= set(internal["usages"])
    keys = made.one("Secret", "seaweedfs-keys").inputs["stringData"]
    assert {env[name]["secretKeyRef"]["key"] for name in env if "JWT" in name} == set(keys)
    assert len(set(keys.values())) == 3


def test_the_chart_waits_for_its_secrets_and_certificates() -> None:
    made = granted("seaweedfs")
    assert {"seaweedfs-keys", "seaweedfs-identities", "seaweedfs-certificate", "seaweedfs-internal"} <= made.waits_for(
        "seaweedfs-chart"
    )
    values = made.one("Chart").inputs["values"]
    assert values["s3"]["enableAuth"] is True and values["s3"]["existingConfigSecret"] == "seaweedfs-identities"
    assert "hostPath" not in str(values) and values["global"]["seaweedfs"]["replicationPlacement"] == "001"


def test_values_of_the_stack_file_come_last() -> None:
    made = granted("seaweedfs", replace(SEAWEEDFS, values={"filer": {"replicas": 2}}))
    values = made.one("Chart").inputs["values"]["filer"]
    assert values["replicas"] == 2 and values["data"]["type"] == "persistentVolumeClaim"


def test_in_prod_what_holds_data_is_protected_and_retained() -> None:
    options = pulumi.ResourceOptions()
    kept = keep_servers(pulumi.ResourceTransformArgs(True, "kubernetes:apps/v1:StatefulSet", "x", {}, options))
    assert kept is not None and kept.opts.protect and kept.opts.retain_on_delete
    assert keep_servers(pulumi.ResourceTransformArgs(True, "kubernetes:apps/v1:Deployment", "x", {}, options)) is None
    charts = [granted("seaweedfs", replace(SEAWEEDFS, protect=flag)).one("Chart") for flag in (False, True)]
    assert [keep_servers in made.transforms for made in charts] == [False, True]


def test_the_spec_becomes_arguments() -> None:
    config = Seaweedfs(replicas=1, copies=2, buckets={"raw": Bucket(versioning=False, expire_after="2d")})
    args = SeaweedfsStore.plan(
        site("seaweedfs", config, CERTIFICATES, METRICS, environment="prod", registryMirror="m.example/hub")
    )
    assert (args.replicas, args.copies, args.protect, args.monitored) == (1, 1, True, True)
    assert args.buckets["raw"].expire_seconds == 172800 and args.registry_mirror == "m.example/hub"
    job = granted("seaweedfs", args).one("Job", "seaweedfs-buckets-job")
    assert job.inputs["spec"]["template"]["spec"]["containers"][0]["image"] == "m.example/hub/chrislusf/seaweedfs:4.44"
