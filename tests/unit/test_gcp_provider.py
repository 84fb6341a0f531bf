"""The simulated `gcp` provider: names, enabled APIs, references, keys' users, labels, and what survives a restart."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.providers.gcp.context import number_of
from sandbox.providers.gcp.provider import Gcp
from sandbox.providers.model import Call, Failure
from sandbox.providers.values import UNKNOWN, bare

PROJECT, REGION = "mlops-trial", "europe-west3"
CONFIG = {"project": PROJECT, "region": REGION, "defaultLabels": {"owner": "me"}}
NETWORK, SUBNET = "gcp:compute/network:Network", "gcp:compute/subnetwork:Subnetwork"
RING, KEY = "gcp:kms/keyRing:KeyRing", "gcp:kms/cryptoKey:CryptoKey"
MAY_USE = "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember"
BUCKET, ACCOUNT = "gcp:storage/bucket:Bucket", "gcp:serviceaccount/account:Account"
SQL, KAFKA, RUN = (
    "gcp:sql/databaseInstance:DatabaseInstance",
    "gcp:managedkafka/cluster:Cluster",
    "gcp:cloudrunv2/service:Service",
)


class Trial:
    """The provider over a home of its own, and calls as the engine makes them."""

    def __init__(self) -> None:
        self.provider = Gcp()

    def call(self, op: str, token: str, name: str = "it", **more: Any) -> Call:
        return Call(op=op, urn=f"urn:pulumi:dev::trial::{token}::{name}", type=token, name=name, config=CONFIG, **more)

    def failures(self, token: str, **inputs: Any) -> list[tuple[str, str]]:
        return list(self.provider.check(self.call("check", token, inputs=inputs)).failures)

    def make(self, token: str, logical: str = "it", /, **inputs: Any) -> tuple[str, dict[str, Any]]:
        checked = self.provider.check(self.call("check", token, logical, inputs=inputs))
        assert checked.failures == []
        made = self.provider.create(self.call("create", token, logical, inputs=dict(checked.inputs)))
        return made.id, bare(dict(made.outputs))

    def enable(self, *apis: str) -> None:
        for api in apis:
            self.make("gcp:projects/service:Service", api, service=f"{api}.googleapis.com")

    def key(self, location: str = REGION) -> str:
        self.enable("cloudkms")
        ring, _ = self.make(RING, f"ring-{location}", location=location)
        return self.make(KEY, f"key-{location}", keyRing=ring)[0]


@pytest.fixture
def trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Trial]:
    monkeypatch.setenv("MLOPS_SANDBOX_HOME", str(tmp_path))
    monkeypatch.delenv("GOOGLE_PROJECT", raising=False)
    made = Trial()
    yield made
    made.provider.close()


def test_a_provider_needs_a_project(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    ask = trial.call("check_config", "pulumi:providers:gcp", inputs={})
    assert [path for path, _ in trial.provider.check_config(ask).failures] == ["project"]
    monkeypatch.setenv("GOOGLE_PROJECT", "from-env")
    assert trial.provider.check_config(ask).failures == []


@pytest.mark.parametrize(
    ("token", "inputs", "path"),
    [
        (BUCKET, {"location": REGION, "name": "Upper"}, "name"),
        (ACCOUNT, {"accountId": "short"}, "accountId"),
        (ACCOUNT, {"accountId": "a" * 31}, "accountId"),
        (NETWORK, {"name": "under_score"}, "name"),
        (RUN, {"location": REGION, "name": "n" * 50, "template": {}}, "name"),
        ("gcp:workbench/instance:Instance", {"location": REGION, "name": "n"}, "location"),
        ("gcp:projects/iAMMember:IAMMember", {"project": PROJECT, "role": "run.invoker", "member": "user:a@b"}, "role"),
        ("gcp:projects/iAMMember:IAMMember", {"project": PROJECT, "role": "roles/run.invoker", "member": "a@b"}, "member"),
    ],
    ids=["bucket", "account-short", "account-long", "network", "service", "zone", "role", "member"],
)
def test_the_clouds_rules_for_names_hold(trial: Trial, token: str, inputs: dict[str, Any], path: str) -> None:
    assert [where for where, _ in trial.failures(token, **inputs)] == [path]


@pytest.mark.parametrize("token", [BUCKET, ACCOUNT, NETWORK, RING])
def test_a_name_that_nobody_gave_keeps_to_them(trial: Trial, token: str) -> None:
    call = trial.call("check", token, "A Name_that is quite long, and of Capitals", inputs={"location": REGION})
    if token in (ACCOUNT, NETWORK):
        call.inputs = {}
    checked = trial.provider.check(call)
    assert checked.failures == []
    assert checked.inputs["accountId" if token == ACCOUNT else "name"]


def test_an_api_must_be_enabled_first(trial: Trial) -> None:
    with pytest.raises(Failure, match=r"compute\.googleapis\.com has not been used in project mlops-trial"):
        trial.make(NETWORK, autoCreateSubnetworks=False)
    trial.enable("compute")
    id, outputs = trial.make(NETWORK, name="n", autoCreateSubnetworks=False)
    assert id == "projects/mlops-trial/global/networks/n"
    assert outputs["selfLink"] == f"https://www.googleapis.com/compute/v1/{id}"


def test_what_a_resource_refers_to_exists_in_its_own_region(trial: Trial) -> None:
    trial.enable("compute", "managedkafka")
    network, outputs = trial.make(NETWORK, name="n")
    with pytest.raises(Failure, match='there is no network "other"'):
        trial.make(SUBNET, ipCidrRange="10.0.0.0/24", network="other")
    # by id, by self link and by name alike
    for index, name in enumerate((network, outputs["selfLink"], "n")):
        trial.make(SUBNET, f"s{index}", name=f"s{index}", ipCidrRange="10.0.0.0/24", network=name, region=REGION)
    cluster = {
        "clusterId": "k",
        "capacityConfig": {"vcpuCount": "3", "memoryBytes": str(3 * 2**30)},
        "gcpConfig": {"accessConfig": {"networkConfigs": [{"subnet": f"projects/{PROJECT}/regions/{REGION}/subnetworks/s0"}]}},
    }
    with pytest.raises(Failure, match="is in europe-west3, and this is in us-central1"):
        trial.make(KAFKA, location="us-central1", **cluster)
    _, made = trial.make(KAFKA, location=REGION, **cluster)
    assert made["bootstrapAddress"] == "bootstrap.k.europe-west3.managedkafka.mlops-trial.cloud.goog:9092"
    small = {**cluster, "capacityConfig": {"vcpuCount": "3", "memoryBytes": "1"}}
    with pytest.raises(Failure, match="between 1 and 8 GiB a vCPU"):
        trial.make(KAFKA, "small", location=REGION, **small)


def test_a_key_encrypts_only_for_an_agent_that_may_use_it(trial: Trial) -> None:
    key = trial.key()
    bucket = {"location": "EUROPE-WEST3", "name": "b-1", "encryption": {"defaultKmsKeyName": key}}
    with pytest.raises(Failure, match=r"gs-project-accounts.* does not have roles/cloudkms.cryptoKeyEncrypterDecrypter"):
        trial.make(BUCKET, **bucket)
    agent = f"serviceAccount:service-{number_of(PROJECT)}@gs-project-accounts.iam.gserviceaccount.com"
    trial.make(MAY_USE, cryptoKeyId=key, role="roles/cloudkms.cryptoKeyEncrypterDecrypter", member=agent)
    assert trial.make(BUCKET, **bucket)[1]["url"] == "gs://b-1"
    elsewhere = {**bucket, "name": "b-2", "encryption": {"defaultKmsKeyName": trial.key("us-east1")}}
    with pytest.raises(Failure, match="is in us-east1, and this is in europe-west3"):
        trial.make(BUCKET, "b2", **elsewhere)


def test_an_iam_member_of_the_project_must_exist(trial: Trial) -> None:
    member = {"bucket": "b-1", "role": "roles/storage.objectUser"}
    trial.make(BUCKET, name="b-1", location=REGION)
    with pytest.raises(Failure, match=r"robot@mlops-trial\.iam.gserviceaccount.com does not exist"):
        trial.make(
            "gcp:storage/bucketIAMMember:BucketIAMMember",
            member=f"serviceAccount:robot@{PROJECT}.iam.gserviceaccount.com",
            **member,
        )
    trial.enable("iam")
    _, account = trial.make(ACCOUNT, accountId="robot-1")
    id, _ = trial.make("gcp:storage/bucketIAMMember:BucketIAMMember", member=account["member"], **member)
    assert id == f"b/b-1/roles/storage.objectUser/serviceAccount:robot-1@{PROJECT}.iam.gserviceaccount.com"


def test_a_private_database_needs_private_services_access(trial: Trial) -> None:
    trial.enable("compute", "sqladmin", "servicenetworking")
    network, _ = trial.make(NETWORK, name="n")
    address = {"privateNetwork": network, "ipv4Enabled": False}
    instance = {"databaseVersion": "MYSQL_8_4", "settings": {"tier": "db-f1-micro", "ipConfiguration": address}}
    with pytest.raises(Failure, match="no private services access connection"):
        trial.make(SQL, **instance)


def test_labels_of_the_provider_are_seen_on_everything(trial: Trial) -> None:
    _, outputs = trial.make(BUCKET, name="b-1", location=REGION, labels={"team": "x"})
    assert outputs["effectiveLabels"] == {"owner": "me", "team": "x"}
    ask = trial.call("diff", BUCKET, id="b-1", inputs={"name": "b-1"}, old_inputs={"name": "b-1"})
    ask.old_outputs = {"effectiveLabels": {"owner": "you"}}
    assert trial.provider.diff(ask).paths == {("effectiveLabels",): "update"}


def test_a_preview_knows_nothing_of_the_cloud_and_a_restart_forgets_nothing(trial: Trial) -> None:
    seen = trial.provider.create(trial.call("create", NETWORK, inputs={"name": "n"}, preview=True)).outputs
    assert seen["name"] == "n" and seen["selfLink"] is UNKNOWN
    trial.enable("compute")
    id, _ = trial.make(NETWORK, name="n")
    trial.provider.close()
    trial.provider = Gcp()
    found = trial.provider.read(trial.call("read", NETWORK, id=id, inputs={"name": "n"}))
    assert found is not None and found.outputs["selfLink"].endswith(id)
    trial.provider.delete(trial.call("delete", NETWORK, id=id, old_inputs={"name": "n"}))
    assert trial.provider.read(trial.call("read", NETWORK, id=id, inputs={"name": "n"})) is None


def test_secrets_are_kept_as_hashes_and_a_published_document_as_it_is(trial: Trial, tmp_path: Path) -> None:
    trial.enable("secretmanager")
    version = "gcp:secretmanager/secretVersion:SecretVersion"
    for name, labels in (("hidden", {}), ("document", {"mlops-document": "true"})):
        secret, _ = trial.make("gcp:secretmanager/secret:Secret", name, secretId=name, labels=labels, replication={"auto": {}})
        trial.make(version, name, secret=secret, secretData=f"the-{name}-text")
    kept = (tmp_path / "gcp" / "state.db").read_bytes() + (tmp_path / "gcp" / "state.db-wal").read_bytes()
    assert b"the-hidden-text" not in kept
    ask = trial.call("invoke", "gcp:secretmanager/getSecretVersion:getSecretVersion", inputs={"secret": "document"})
    assert bare(trial.provider.invoke(ask))["secretData"] == "the-document-text"


def test_functions_know_the_project_and_name_what_there_is(trial: Trial) -> None:
    project = trial.provider.invoke(trial.call("invoke", "gcp:organizations/getProject:getProject", inputs={}))
    assert (project["projectId"], project["number"]) == (PROJECT, number_of(PROJECT))
    with pytest.raises(Failure, match='did you mean "gcp:organizations/getProject:getProject"'):
        trial.provider.invoke(trial.call("invoke", "gcp:organizations/getProjct:getProjct", inputs={}))


def test_the_plugin_loads_no_cloud_sdk() -> None:
    program = (
        "import sys; import sandbox.providers.gcp.__main__; "
        "print([m for m in ('boto3', 'moto', 'pulumi', 'pulumi_gcp', 'pulumi_aws') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
