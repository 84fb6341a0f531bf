"""Katib: our database over TLS, webhooks by cert-manager that do not wait for themselves, rights without Secrets."""

import json
from dataclasses import replace
from typing import Any

import pytest

from components import contracts
from components.kubernetes import katib_config as config
from components.kubernetes.katib import KatibSearch, KatibSearchArgs
from components.kubernetes.place import Compute
from components.spec.flows import Katib
from tests.unit.kubernetes_site import CERTIFICATES, DATABASE, METRICS, SERVER, site
from tests.unit.recording import Recording, record

ARGS = KatibSearchArgs(
    namespace="katib",
    labels={"mlops.dev/team": "platform"},
    database=replace(DATABASE, database="katib", secret="katib-database-katib"),
    issuer="mlops-ca",
    compute=Compute("100m", "256Mi"),
    search_compute=Compute("100m", "512Mi"),
    namespaces=["fraud"],
    monitored=True,
    manifest_mirror="/sources",
)


def build(args: KatibSearchArgs = ARGS) -> Recording[KatibSearch]:
    return record(lambda: KatibSearch("katib", args))


def variables(made: Recording[Any], name: str) -> dict[str, Any]:
    (container,) = made.one("Deployment", name).inputs["spec"]["template"]["spec"]["containers"]
    return {
        e["name"]: e["value"] if "value" in e else tuple(e["valueFrom"]["secretKeyRef"][k] for k in ("name", "key"))
        for e in container.get("env", [])
    }


def parsed(address: str) -> tuple[str, dict[str, str]]:
    """Database and parameters as go-sql-driver/mysql 1.5.0 takes them from an address (dsn.go)."""
    name, _, parameters = address.rpartition("/")[2].partition("?")
    return name, dict(part.split("=", 1) for part in parameters.split("&") if "=" in part)


def test_the_database_manager_verifies_the_server_although_katib_knows_no_tls() -> None:
    env = variables(build(), "katib-db-manager")
    # pkg/db/v1beta1/mysql/mysql.go: "%s:%s@tcp(%s:%s)/%s?timeout=5s"
    address = (
        f"user:pass@tcp({env['KATIB_MYSQL_DB_HOST']}:{env['KATIB_MYSQL_DB_PORT']})/{env['KATIB_MYSQL_DB_DATABASE']}?timeout=5s"
    )
    name, parameters = parsed(address)
    assert name == "katib" and parameters["tls"] == "true" and set(parameters) == {"tls", "charset"}
    # the first character set that works is taken: what Katib adds is never tried
    assert parameters["charset"].split(",")[0] == "utf8mb4"
    assert env["DB_PASSWORD"] == ("katib-database-katib", "password") and env["SSL_CERT_DIR"] == "/etc/mlops/database"


def test_postgres_is_verified_too() -> None:
    env = variables(build(replace(ARGS, engine="postgres")), "katib-db-manager")
    assert (env["DB_NAME"], env["KATIB_POSTGRESQL_SSL_MODE"]) == ("postgres", "verify-full")
    assert "KATIB_MYSQL_DB_DATABASE" not in env


def test_webhooks_stand_where_experiments_run_and_never_before_katib_itself() -> None:
    made = build()
    mutating = made.one("MutatingWebhookConfiguration").inputs
    collect = next(w for w in mutating["webhooks"] if w["name"].startswith("mutator.pod"))
    assert collect["namespaceSelector"]["matchExpressions"][0]["values"] == ["katib", "fraud"]
    assert collect["failurePolicy"] == "Ignore", "pods of others in these namespaces start without Katib"
    excluded = {(e["key"], e["operator"], *e["values"]) for e in collect["objectSelector"]["matchExpressions"]}
    for deployment in made.all("Deployment"):
        labels = deployment.inputs["spec"]["template"]["metadata"]["labels"]
        assert any(operator == "NotIn" and labels[key] == value for key, operator, value in excluded)
    for kind in ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"):
        found = made.one(kind)
        assert found.inputs["metadata"]["annotations"] == {"cert-manager.io/inject-ca-from": "katib/katib-webhook-cert"}
        assert "katib-controller" in made.waits_for(found.name)


def test_the_certificate_is_for_the_service_that_webhooks_call() -> None:
    made = build()
    certificate = made.one("Certificate").inputs["spec"]
    assert certificate["dnsNames"][0] == "katib-controller.katib.svc" and certificate["secretName"] == "katib-webhook-cert"
    service = made.one("Service", "katib-controller").inputs["spec"]
    assert {"port": 443, "targetPort": "webhook"}.items() <= service["ports"][0].items()
    (container,) = made.one("Deployment", "katib-controller").inputs["spec"]["template"]["spec"]["containers"]
    assert "/tmp/cert" in {m["mountPath"] for m in container["volumeMounts"]}
    assert KatibSearch.webhooks == (8443,)


def test_no_right_reaches_secrets_or_everything() -> None:
    for part, rules in config.RULES.items():
        for _, kinds, verbs in rules:
            assert "secrets" not in kinds and "*" not in (*kinds, *verbs), part


def test_searches_and_collectors_are_bounded_and_searches_confined() -> None:
    made = build(replace(ARGS, values={"runtime": {"earlyStoppings": []}}))
    text = made.one("ConfigMap", "katib-config").inputs["data"]["katib-config.yaml"]
    runtime = json.loads(text)["runtime"]
    assert runtime["earlyStoppings"] == [], "the stack file has the last word"
    for entry in [*runtime["suggestions"], *runtime["metricsCollectors"]]:
        assert {"cpu", "memory"} == set(entry["resources"]["limits"]), entry["image"]
    assert all(s["securityContext"]["runAsNonRoot"] for s in runtime["suggestions"])


def test_a_changed_configuration_restarts_the_controller() -> None:
    def note(args: KatibSearchArgs) -> str:
        template = build(args).one("Deployment", "katib-controller").inputs["spec"]["template"]
        return str(template["metadata"]["annotations"]["mlops.dev/config"])

    assert note(ARGS) != note(replace(ARGS, search_compute=Compute("1", "1Gi")))


def test_the_example_searches_what_its_trial_prints() -> None:
    example = json.loads(build().one("ConfigMap", "katib-example").inputs["data"]["experiment"])
    template = example["spec"]["trialTemplate"]
    (container,) = template["trialSpec"]["spec"]["template"]["spec"]["containers"]
    assert container["name"] == template["primaryContainerName"]
    script = container["command"][-1]
    for parameter in template["trialParameters"]:
        assert parameter["reference"] in {p["name"] for p in example["spec"]["parameters"]}
        script = script.replace(f"${{trialParameters.{parameter['name']}}}", "0.03")
    printed: list[str] = []
    exec(script, {"print": printed.append})
    assert printed == [f"{example['spec']['objective']['objectiveMetricName']}=0.0"]


def test_definitions_come_before_the_controller_and_stay() -> None:
    made = build()
    assert {f"katib-definition-{kind}" for kind in ("experiment", "suggestion", "trial")} <= made.waits_for("katib-controller")
    assert all(r.transforms and r.definitions_stay for r in made.resources if r.name.startswith("katib-definition-"))


def test_definitions_come_from_the_mirror_else_from_their_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLOPS_MANIFESTS", raising=False)
    for mirror, begin in (("/sources", "/sources/kubeflow/katib/"), (None, "https://raw.githubusercontent.com/kubeflow/katib/")):
        made = build(replace(ARGS, manifest_mirror=mirror))
        found = [r.inputs["file"] for r in made.all("ConfigFile")]
        assert len(found) == 3 and all(file.startswith(begin) for file in found)


def test_nothing_secret_stands_outside_and_every_pod_is_confined() -> None:
    made = build()
    assert made.leaks() == []
    for found, pod in made.pods():
        assert all(c["securityContext"]["readOnlyRootFilesystem"] and c["resources"]["limits"] for c in pod["containers"]), (
            found.name
        )


def test_images_come_through_the_mirror() -> None:
    made = build(replace(ARGS, registry_mirror="mirror.example/hub"))
    text = json.dumps([r.inputs for r in made.resources])
    assert "ghcr.io" not in text and "mirror.example/hub/kubeflow/katib/katib-controller:v0.19.0" in text


def test_the_spec_becomes_arguments_and_what_it_offers() -> None:
    given = site("katib", Katib(namespaces=["fraud"]), SERVER, CERTIFICATES, METRICS, manifestMirror="/sources")
    args = KatibSearch.plan(replace(given, databases={"katib": DATABASE}))
    assert (args.namespaces, args.monitored, args.manifest_mirror, args.issuer) == (["fraud"], True, "/sources", "mlops-ca")
    assert KatibSearch.wants(Katib()) == contracts.Wants(databases=("katib",))
    built = record(lambda: KatibSearch("katib", args)).result
    (offer,), (endpoint,) = built.contracts(), built.endpoints()
    assert isinstance(offer, contracts.Tuning) and (endpoint.service, endpoint.port, endpoint.login) == ("katib-ui", 8080, True)
