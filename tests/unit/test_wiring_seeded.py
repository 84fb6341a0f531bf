"""One seeded mistake of each kind in the objects of stack `sandbox`: each is caught, and said by name, place and nearest match."""

from collections.abc import Callable
from typing import Any

import pytest

from cli.wiring.check import check
from tests.unit.wiring_cluster import cluster, one

Objects = list[dict[str, Any]]


def container(objects: Objects, kind: str, name: str, init: bool = False) -> dict[str, Any]:
    spec = one(objects, kind, name)["spec"]["template"]["spec"]
    found: dict[str, Any] = spec["initContainers" if init else "containers"][0]
    return found


def variable(objects: Objects, kind: str, name: str, key: str) -> dict[str, Any]:
    found: dict[str, Any] = next(v for v in container(objects, kind, name)["env"] if v["name"] == key)
    return found


def seen(objects: Objects) -> list[str]:
    return [str(problem) for problem in check(objects).problems]


def test_the_stack_itself_has_no_dangling_connection() -> None:
    found = check(cluster())
    assert found.problems == []
    read = {(c.consumer.name, c.target.name) for c in found.connections}
    assert {("mlflow", "minio"), ("mlflow", "mysql-haproxy"), ("mysql", "minio")} <= read
    assert {flow.kind for flow in found.flows} == {"dns", "api", "image", "scrape", "webhook"}


def test_a_connection_names_its_secret_certificate_and_policies() -> None:
    found = next(
        c for c in check(cluster()).connections if c.where == "env MLFLOW_S3_ENDPOINT_URL" and c.consumer.kind == "Deployment"
    )
    assert (found.address, str(found.target), found.port, found.tls) == (
        "minio.minio.svc:9000",
        "Service minio/minio",
        9000,
        True,
    )
    assert (found.trust, found.secrets) == ("ConfigMap mlops-ca", ("mlflow-bucket-mlflow",))
    assert (found.egress, found.ingress) == ("mlops-wiring", "mlops-wiring")


def _service(o: Objects) -> None:
    variable(o, "Deployment", "mlflow", "MLFLOW_S3_ENDPOINT_URL")["value"] = "https://mino.minio.svc:9000"


def _namespace(o: Objects) -> None:
    variable(o, "Deployment", "mlflow", "MLFLOW_S3_ENDPOINT_URL")["value"] = "https://minio.mino.svc:9000"


def _other_namespace(o: Objects) -> None:
    variable(o, "Deployment", "mlflow", "DB_HOST")["value"] = "mysql-haproxy.minio.svc"


def _port(o: Objects) -> None:
    variable(o, "Deployment", "mlflow", "DB_PORT")["value"] = "13306"


def _target_port(o: Objects) -> None:
    one(o, "Service", "minio")["spec"]["ports"][0]["targetPort"] = "http"


def _no_pods(o: Objects) -> None:
    one(o, "Service", "minio")["spec"]["selector"]["app.kubernetes.io/name"] = "mino"


def _dns_name(o: Objects) -> None:
    variable(o, "Deployment", "mlflow", "MLFLOW_S3_ENDPOINT_URL")["value"] = "https://minio-0.minio.minio.svc:9000"


def _dns_pod(o: Objects) -> None:
    variable(o, "Deployment", "mlflow", "MLFLOW_S3_ENDPOINT_URL")["value"] = "https://minio-7.minio-headless.minio.svc:9000"


def _secret(o: Objects) -> None:
    variable(o, "Deployment", "mlflow", "DB_PASSWORD")["valueFrom"]["secretKeyRef"]["name"] = "mlflow-database-mflow"


def _secret_key(o: Objects) -> None:
    variable(o, "Deployment", "mlflow", "DB_PASSWORD")["valueFrom"]["secretKeyRef"]["key"] = "pasword"


def _secret_place(o: Objects) -> None:
    variable(o, "Deployment", "mlflow", "DB_PASSWORD")["valueFrom"]["secretKeyRef"]["name"] = "minio-root"


def _config_map(o: Objects) -> None:
    volumes = one(o, "Deployment", "mlflow")["spec"]["template"]["spec"]["volumes"]
    next(v for v in volumes if v["name"] == "scripts")["configMap"]["name"] = "mlflow-script"


def _custom(o: Objects) -> None:
    one(o, "PerconaServerMySQL", "mysql")["spec"]["backup"]["storages"]["objectstore"]["s3"]["credentialsSecret"] = "mysql-bucket"


def _ca_file(o: Objects) -> None:
    variable(o, "Deployment", "mlflow", "DB_CA")["value"] = "/etc/mlops/database/root.crt"


def _ca_mount(o: Objects) -> None:
    box = container(o, "Job", "minio-mlflow")
    box["volumeMounts"] = [m for m in box["volumeMounts"] if m["name"] != "ca"]
    box["env"] = [v for v in box["env"] if v["name"] != "SSL_CERT_FILE"]


def _plain(o: Objects) -> None:
    variable(o, "Deployment", "mlflow", "MLFLOW_S3_ENDPOINT_URL")["value"] = "http://minio.minio.svc:9000"


def policy(o: Objects, space: str) -> dict[str, Any]:
    found: dict[str, Any] = next(x for x in o if x["kind"] == "NetworkPolicy" and x["metadata"]["namespace"] == space)
    return found


def without(rules: list[dict[str, Any]], side: str, space: str) -> None:
    for rule in rules:
        rule[side] = [p for p in rule.get(side) or [] if space not in str(p)] or [
            {"podSelector": {"matchLabels": {"no": "body"}}}
        ]


def _egress(o: Objects) -> None:
    without(policy(o, "mlflow")["spec"]["egress"][:1], "to", "minio")


def _ingress(o: Objects) -> None:
    without(policy(o, "minio")["spec"]["ingress"], "from", "mlflow")


def _dns(o: Objects) -> None:
    spec = policy(o, "mlflow")["spec"]
    spec["egress"] = [rule for rule in spec["egress"] if "kube-system" not in str(rule)]


def _api(o: Objects) -> None:
    spec = policy(o, "kafka")["spec"]
    spec["egress"] = [rule for rule in spec["egress"] if "443" not in str(rule)]


def _account(o: Objects) -> None:
    one(o, "Deployment", "mlflow")["spec"]["template"]["spec"]["serviceAccountName"] = "mlflw"


def _webhook(o: Objects) -> None:
    hook = one(o, "ValidatingWebhookConfiguration", "kube-prometheus-stack-admission")["webhooks"][0]
    hook["clientConfig"]["service"]["name"] = "kube-prometheus-stack-operater"


def _webhook_shut(o: Objects) -> None:
    spec = policy(o, "monitoring")["spec"]
    spec["ingress"] = [rule for rule in spec["ingress"] if rule.get("from")]


def _scrape_port(o: Objects) -> None:
    one(o, "ServiceMonitor", "mlflow")["spec"]["endpoints"][0]["port"] = "http"


def _scrape_labels(o: Objects) -> None:
    one(o, "ServiceMonitor", "minio")["spec"]["selector"]["matchLabels"]["app.kubernetes.io/name"] = "mino"


def _scrape_shut(o: Objects) -> None:
    without(policy(o, "mlflow")["spec"]["ingress"], "from", "monitoring")


def _pod_monitor(o: Objects) -> None:
    one(o, "PodMonitor", "mysql")["spec"]["podMetricsEndpoints"][0]["port"] = "metric"


def _image(o: Objects) -> None:
    one(o, "Deployment", "mlflow")["spec"]["template"]["spec"]["imagePullSecrets"] = [{"name": "registry"}]


def _git(o: Objects) -> None:
    container(o, "Deployment", "mlflow")["env"].append(
        {"name": "GIT_SYNC_REPO", "value": "https://git.example.com/team/dags.git"}
    )


MISTAKES: dict[str, tuple[Callable[[Objects], None], str]] = {
    "service": (_service, 'service: Deployment mlflow/mlflow: env MLFLOW_S3_ENDPOINT_URL: mino.minio.svc: no Service minio/mino; did you mean "minio"?'),
    "namespace": (_namespace, 'env MLFLOW_S3_ENDPOINT_URL: minio.mino.svc: no namespace mino; did you mean "minio"?'),
    "another namespace": (_other_namespace, "env DB_HOST: mysql-haproxy.minio.svc: Service mysql-haproxy stands in namespace mysql, not in minio"),
    "port": (_port, "port: Deployment mlflow/mlflow: env DB_HOST: mysql-haproxy.mysql.svc:13306: Service mysql/mysql-haproxy has no port 13306; did you mean"),
    "target port": (_target_port, "port 9000 of Service minio/minio goes to http, which its pods do not have; did you mean"),
    "pods": (_no_pods, "Service minio/minio selects no pods (app.kubernetes.io/component=server, app.kubernetes.io/name=mino)"),
    "dns of a pod without one": (_dns_name, "minio-0.minio.minio.svc: Service minio/minio is not headless"),
    "dns of no pod": (_dns_pod, "no pod minio-7 behind the headless Service minio/minio-headless"),
    "secret": (_secret, 'secret: Deployment mlflow/mlflow: env DB_PASSWORD of server: no Secret mlflow/mlflow-database-mflow; did you mean "mlflow-database-mlflow"?'),
    "secret key": (_secret_key, 'Secret mlflow/mlflow-database-mlflow has no key pasword; did you mean "password"?'),
    "secret elsewhere": (_secret_place, "namespace: Deployment mlflow/mlflow: env DB_PASSWORD of server: Secret minio-root stands in namespace minio, not in mlflow"),
    "configMap": (_config_map, 'volume scripts: no ConfigMap mlflow/mlflow-script; did you mean "mlflow-scripts"?'),
    "secret of a custom resource": (_custom, "PerconaServerMySQL mysql/mysql: spec.backup.storages.objectstore.s3.credentialsSecret: no Secret mysql/mysql-bucket"),
    "ca file": (_ca_file, "ca: Deployment mlflow/mlflow: env DB_CA of server: /etc/mlops/database/root.crt: ConfigMap mlops-ca has no root.crt"),
    "ca": (_ca_mount, "minio.minio.svc:9000 speaks TLS, and nothing that Job minio/minio-mlflow-mlflow"),
    "plain text": (_plain, "minio.minio.svc:9000: Service minio/minio speaks TLS there, and http:// does not"),
    "egress": (_egress, "no NetworkPolicy of namespace mlflow lets it out to StatefulSet minio/minio port 9000"),
    "ingress": (_ingress, "no NetworkPolicy of namespace minio lets Deployment mlflow/mlflow in to StatefulSet minio/minio port 9000"),
    "dns": (_dns, "dns: Deployment mlflow/mlflow: names: no NetworkPolicy of namespace mlflow lets it ask the cluster's DNS"),
    "api": (_api, "api: Deployment kafka/strimzi-cluster-operator: ServiceAccount strimzi-cluster-operator: it has an API token"),
    "account": (_account, 'serviceAccountName: no ServiceAccount mlflow/mlflw; did you mean "mlflow"?'),
    "webhook": (_webhook, 'no Service monitoring/kube-prometheus-stack-operater; did you mean "kube-prometheus-stack-operator"?'),
    "webhook shut out": (_webhook_shut, "no NetworkPolicy of namespace monitoring lets the API server in to Deployment monitoring/kube-prometheus-stack-operator port"),
    "scrape": (_scrape_port, 'scrape: ServiceMonitor mlflow/mlflow: spec.endpoints[0]: no port http in mlflow; did you mean "https"?'),
    "scrape of nothing": (_scrape_labels, "scrape: ServiceMonitor minio/minio: spec.selector: selects no Service in minio"),
    "scrape shut out": (_scrape_shut, "no NetworkPolicy of namespace mlflow lets StatefulSet monitoring/prometheus-kube-prometheus-stack-prometheus reach"),
    "scrape of pods": (_pod_monitor, "scrape: PodMonitor mysql/mysql: spec.podMetricsEndpoints[0]: no port metric in mysql-"),
    "image": (_image, "image: Deployment mlflow/mlflow: imagePullSecrets: no Secret mlflow/registry"),
    "git": (_git, "git: Deployment mlflow/mlflow: env GIT_SYNC_REPO: git.example.com:443: no NetworkPolicy of namespace mlflow lets it out of the cluster"),
}  # fmt: skip


@pytest.mark.parametrize("kind", MISTAKES)
def test_a_mistake_is_caught_and_named(kind: str) -> None:
    seed, said = MISTAKES[kind]
    objects = cluster()
    seed(objects)
    assert any(said in text for text in seen(objects)), seen(objects)


def test_what_an_optional_reference_names_may_be_missing() -> None:
    objects = cluster()
    _secret(objects)
    variable(objects, "Deployment", "mlflow", "DB_PASSWORD")["valueFrom"]["secretKeyRef"]["optional"] = True
    assert seen(objects) == []
