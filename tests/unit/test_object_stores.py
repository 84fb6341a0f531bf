"""The ObjectStore contract, the same over MinIO and SeaweedFS: a bucket, and a key that reaches that bucket and nothing else."""

import pytest

from tests.unit.object_stores import CASES, granted, policy_of

BOTH = pytest.mark.parametrize("key", sorted(CASES))


@BOTH
def test_an_access_has_what_an_sdk_needs(key: str) -> None:
    made = granted(key)
    access = made.result.access["mlflow"]
    assert set(made.result.endpoints) == {CASES[key].endpoint}
    assert (access.bucket, access.secret, access.ca_config_map) == ("mlflow", "mlflow-bucket-mlflow", "mlops-ca")
    assert access.region == made.result.store.region == "us-east-1" and access.kms_key is None
    given = made.one("Secret", f"{key}-mlflow-mlflow-given")
    assert (given.namespace, given.object_name) == ("mlflow", access.secret)
    assert set(given.inputs["stringData"]) == {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
    assert given.secrets == {"stringData"}


@BOTH
def test_the_servers_certificate_names_the_endpoints_host(key: str) -> None:
    host = CASES[key].endpoint.removeprefix("https://").partition(":")[0]
    certificate = granted(key).one("Certificate", f"{key}-certificate").inputs["spec"]
    assert host in certificate["dnsNames"] and certificate["issuerRef"]["name"] == "mlops-ca"


@BOTH
def test_a_policy_reaches_one_bucket(key: str) -> None:
    made = granted(key)
    for access, bucket in (("mlflow-mlflow", "mlflow"), ("dvc-datasets", "datasets")):
        statements = policy_of(made, key, access)["Statement"]
        assert {r for s in statements for r in s["Resource"]} == {f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"}
        actions = {a for s in statements for a in s["Action"]}
        assert {"s3:GetObject", "s3:PutObject", "s3:ListBucket", "s3:DeleteObject", "s3:AbortMultipartUpload"} <= actions
        assert not [a for a in actions if "*" in a or "Policy" in a or "CreateBucket" in a or "DeleteBucket" in a]


@BOTH
def test_a_grants_job_makes_the_bucket_as_declared_and_takes_the_key_from_its_secret(key: str) -> None:
    made, case = granted(key), CASES[key]
    script = made.one("ConfigMap", f"{key}-mlflow-mlflow-script").inputs["data"]["run.sh"]
    assert [line for line in case.expected("mlflow") if line not in script.splitlines()] == []
    job = made.one("Job", f"{key}-mlflow-mlflow-job")
    (client,) = job.inputs["spec"]["template"]["spec"]["containers"]
    env = {e["name"]: e.get("valueFrom", {}).get("secretKeyRef") for e in client["env"]}
    here = made.one("Secret", f"{key}-mlflow-mlflow-here")
    assert env["ACCESS_KEY"] == {"name": here.object_name, "key": "AWS_ACCESS_KEY_ID"}
    assert env["SECRET_KEY"] == {"name": here.object_name, "key": "AWS_SECRET_ACCESS_KEY"}
    assert job.namespace == here.namespace == case.namespace
    assert {case.servers, here.name, f"{key}-mlflow-mlflow-script"} <= made.waits_for(job.name)
    # who waits for the grant waits for the Job and for the Secret beside it
    assert len(made.result.ready["mlflow"]) == 2


@BOTH
def test_a_new_key_runs_the_job_again_and_an_unchanged_one_does_not(key: str) -> None:
    jobs = [granted(key).one("Job", f"{key}-{who}-job") for who in ("mlflow-mlflow", "mlflow-mlflow", "dvc-datasets")]
    notes = [job.inputs["spec"]["template"]["metadata"]["annotations"]["mlops.dev/key"] for job in jobs]
    assert notes[0] == notes[1] != notes[2]
    assert jobs[0].object_name == jobs[1].object_name


@BOTH
def test_every_consumer_has_a_key_of_its_own_and_none_stands_outside_a_secret(key: str) -> None:
    made = granted(key)
    data = [made.one("Secret", f"{key}-{who}-given").inputs["stringData"] for who in ("mlflow-mlflow", "dvc-datasets")]
    assert data[0]["AWS_ACCESS_KEY_ID"] != data[1]["AWS_ACCESS_KEY_ID"]
    assert data[0]["AWS_SECRET_ACCESS_KEY"] != data[1]["AWS_SECRET_ACCESS_KEY"]
    assert len(made.passwords) >= 4 and made.leaks() == []


@BOTH
def test_the_administrators_secrets_leave_the_namespace_nowhere(key: str) -> None:
    made, case = granted(key), CASES[key]
    own = [made.one("Secret", name) for name in case.secrets]
    assert {s.namespace for s in own} == {case.namespace} and all(s.secrets == {"stringData"} for s in own)
    kept = [p for name, p in made.passwords.items() if not name.endswith("-key")]
    assert kept
    assert not [s.name for s in made.all("Secret") if s.namespace != case.namespace and any(p in str(s.inputs) for p in kept)]


@BOTH
def test_declared_buckets_are_made_as_declared(key: str) -> None:
    made = granted(key)
    script = made.one("ConfigMap", f"{key}-buckets-script").inputs["data"]["run.sh"]
    assert {"minio": "bucket datasets suspend 4\n", "seaweedfs": "bucket datasets -suspend 4d\n"}[key] in script
    # a grant on a declared bucket keeps it as declared
    granted_script = made.one("ConfigMap", f"{key}-dvc-datasets-script").inputs["data"]["run.sh"]
    assert script.splitlines()[-1] in granted_script.splitlines()


@BOTH
def test_our_own_pods_are_bounded_and_have_no_token(key: str) -> None:
    for owner, pod in granted(key).pods():
        assert pod["automountServiceAccountToken"] is False and pod["securityContext"]["runAsNonRoot"] is True, owner.name
        for c in pod["containers"]:
            assert set(c["resources"]) == {"requests", "limits"} and c["securityContext"]["readOnlyRootFilesystem"] is True
