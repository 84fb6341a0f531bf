"""MinIO: TLS, generated credentials, and for each grant a bucket and a key that reaches nothing else."""

import json
from dataclasses import replace

from components.kubernetes import minio
from components.kubernetes.minio_scripts import bucket_line, policy
from tests.unit.kubernetes_stack import MINIO, stack


def test_a_grant_makes_a_policy_for_its_bucket_alone() -> None:
    made = stack()
    scripts = made.one("ConfigMap", "minio-mlflow-mlflow-script").inputs["data"]
    statements = json.loads(scripts["policy.json"])["Statement"]
    assert {r for s in statements for r in s["Resource"]} == {"arn:aws:s3:::mlflow", "arn:aws:s3:::mlflow/*"}
    actions = {a for s in statements for a in s["Action"]}
    assert {"s3:GetObject", "s3:PutObject", "s3:ListBucket", "s3:DeleteObject"} <= actions
    assert not [a for a in actions if "*" in a or "Policy" in a or a.startswith("admin:")]
    assert json.loads(scripts["policy.json"]) == json.loads(policy("mlflow"))
    assert "bucket mlflow enable 0" in scripts["run.sh"]
    assert 'mc admin policy attach store "$ACCESS_KEY" --user "$ACCESS_KEY"' in scripts["run.sh"]


def test_a_grants_job_takes_the_key_from_its_secret_and_waits_for_the_servers() -> None:
    made = stack()
    job = made.one("Job", "minio-mlflow-mlflow-job")
    (client,) = job.inputs["spec"]["template"]["spec"]["containers"]
    env = {e["name"]: e.get("valueFrom", {}).get("secretKeyRef", e.get("value")) for e in client["env"]}
    here = made.one("Secret", "minio-mlflow-mlflow-here")
    assert env["SECRET_KEY"] == {"name": here.object_name, "key": "AWS_SECRET_ACCESS_KEY"}
    assert env["ROOT_PASSWORD"] == {"name": "minio-root", "key": "password"}
    assert env["SERVER"] == "minio.minio.svc:9000"
    assert {"minio-servers", "minio-mlflow-mlflow-here", "minio-mlflow-mlflow-script"} <= made.waits_for(job.name)
    assert job.namespace == here.namespace == "minio"


def test_a_grant_leaves_the_consumer_a_secret_with_the_names_that_sdks_know() -> None:
    made = stack()
    given = made.one("Secret", "minio-mlflow-mlflow-given")
    assert given.namespace == "mlflow" and given.object_name == "mlflow-bucket-mlflow"
    assert set(given.inputs["stringData"]) == {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
    access = made.result.access["bucket"]
    assert (access.bucket, access.secret, access.ca_config_map) == ("mlflow", given.object_name, "mlops-ca")


def test_every_consumer_has_a_key_of_its_own() -> None:
    made = stack()
    keys = [s.inputs["stringData"]["AWS_SECRET_ACCESS_KEY"] for s in made.all("Secret") if s.name.endswith("-given") and
            "AWS_SECRET_ACCESS_KEY" in s.inputs["stringData"]]  # fmt: skip
    assert len(keys) == len(set(keys)) == 2


def test_no_password_stands_outside_a_secret() -> None:
    made = stack()
    assert len(made.passwords) >= 13
    assert made.leaks() == []


def test_the_root_credentials_are_generated_and_stay_in_their_namespace() -> None:
    made = stack()
    root = made.one("Secret", "minio-root")
    assert root.namespace == "minio" and root.secrets == {"stringData"}
    user, password = (made.passwords[f"minio-root-{part}"] for part in ("user", "password"))
    assert root.inputs["stringData"] == {"user": user, "password": password}
    others = [s for s in made.all("Secret") if s.namespace != "minio"]
    assert not [s for s in others if password in str(s.inputs)]


def test_four_servers_speak_tls_with_a_certificate_for_each_of_their_names() -> None:
    made = stack()
    servers = made.one("StatefulSet", "minio").inputs["spec"]
    (server,) = servers["template"]["spec"]["containers"]
    assert server["args"][-1] == "https://minio-{0...3}.minio-headless.minio.svc:9000/data"
    assert servers["serviceName"] == made.one("Service", "minio-headless").object_name
    certificate = made.one("Certificate", "minio-certificate").inputs["spec"]
    assert {"minio.minio.svc", "*.minio-headless.minio.svc"} <= set(certificate["dnsNames"])
    (certs,) = [v["secret"] for v in servers["template"]["spec"]["volumes"] if v["name"] == "certs"]
    assert certs["secretName"] == certificate["secretName"]
    assert {i["path"] for i in certs["items"]} == {"public.crt", "private.key", "CAs/ca.crt"}
    assert server["readinessProbe"]["httpGet"]["scheme"] == "HTTPS"


def test_one_server_has_one_plain_drive() -> None:
    made = stack(minio=replace(MINIO, replicas=1))
    assert made.one("StatefulSet", "minio").inputs["spec"]["template"]["spec"]["containers"][0]["args"][-1] == "/data"


def test_declared_buckets_are_made_as_declared() -> None:
    script = stack().one("ConfigMap", "minio-buckets-script").inputs["data"]["run.sh"]
    assert "bucket datasets suspend 4\n" in script
    assert bucket_line("a", True, 0) == "bucket a enable 0\n"

    assert [j.name for j in stack(minio=replace(MINIO, buckets={})).all("Job") if j.name == "minio-buckets-job"] == []


def test_it_is_monitored_over_tls_only_where_the_stack_has_metrics() -> None:
    (endpoint,) = stack().one("ServiceMonitor", "minio-monitor").inputs["spec"]["endpoints"]
    assert endpoint["scheme"] == "https" and endpoint["tlsConfig"]["serverName"] == "minio.minio.svc"
    assert stack(minio=replace(MINIO, monitored=False)).all("ServiceMonitor") == []


def test_in_prod_the_servers_are_protected_and_retained() -> None:
    assert not stack().one("StatefulSet", "minio").protect
    kept = stack(minio=replace(MINIO, protect=True)).one("StatefulSet", "minio")
    assert kept.protect and kept.retain


def test_it_says_that_its_upstream_is_retired() -> None:
    assert minio.UPSTREAM["status"] == "retired" and minio.UPSTREAM["successor"] == "seaweedfs"
    labels = stack().one("StatefulSet", "minio").inputs["spec"]["template"]["metadata"]["labels"]
    assert labels["mlops.dev/upstream"] == "retired"
