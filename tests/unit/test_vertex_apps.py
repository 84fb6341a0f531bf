"""MLflow and Grafana on Cloud Run, Workbench, Cloud Monitoring: who gets in, and what they stand on."""

import json
from typing import Any

import pulumi
import pytest
import yaml

from components import contracts
from components.spec.model import Jupyterhub, Mlflow, NotebookProfile
from components.spec.serving import Grafana, Prometheus
from components.vertex.gmp import GoogleManagedPrometheus
from components.vertex.grafana import CloudRunGrafana
from components.vertex.mlflow import CloudRunMlflow
from components.vertex.names import account_id, labels
from components.vertex.workbench import WorkbenchInstances, machine
from tests.unit.recording import Recording, record
from tests.unit.vertex_site import KEY, NETWORK, PROJECT, REGION, ROBOT, SUBNET, site


def built(cls: Any, key: str, config: Any, *given: Any, **spec: Any) -> Recording[Any]:
    return record(lambda: cls(key, cls.plan(site(key, config, *given, **spec))))


def service(made: Recording[Any]) -> dict[str, Any]:
    """The Cloud Run service, after what every one of ours must be."""
    inputs = made.one("gcp:cloudrunv2/service:Service").inputs
    template = inputs["template"]
    assert inputs["ingress"] == "INGRESS_TRAFFIC_INTERNAL_ONLY" and inputs["invokerIamDisabled"] is False
    assert template["serviceAccount"] == ROBOT and template["encryptionKey"] == KEY
    interface = template["vpcAccess"]["networkInterfaces"][0]
    assert template["vpcAccess"]["egress"] == "ALL_TRAFFIC"
    assert interface == {"network": NETWORK, "subnetwork": SUBNET, "tags": ["test-members"]}
    return inputs


def variables(container: dict[str, Any]) -> dict[str, str]:
    return {env["name"]: env["value"] for env in container["envs"]}


def test_mlflow_logs_in_by_its_account_and_is_asked_by_iam() -> None:
    made = built(CloudRunMlflow, "mlflow", Mlflow.model_validate({"values": {"MLFLOW_X": 1}}))
    server, proxy = service(made)["template"]["containers"]
    assert server["image"] == f"{REGION}-docker.pkg.dev/{PROJECT}/test-mlflow-images/mlflow/mlflow:v3.18.0-full"
    told = variables(server)
    assert told["DATABASE"] == "mysql+pymysql://test-app@127.0.0.1:3306/mlflow"
    assert told["ARTIFACTS"] == "gs://test-mlflow/artifacts" and told["MLFLOW_X"] == "1"
    assert server["dependsOns"] == ["database"] and "mlflow db upgrade" in server["args"][0]
    assert {"--auto-iam-authn", "--private-ip", f"{PROJECT}:{REGION}:db"} <= set(proxy["args"])
    repository = made.one("Repository").inputs
    assert repository["mode"] == "REMOTE_REPOSITORY" and repository["kmsKeyName"] == KEY
    assert made.all("ServiceIamMember") == []  # nobody is let in but by a grant


def test_a_mirror_stands_in_for_the_remote_repository() -> None:
    made = built(CloudRunMlflow, "mlflow", Mlflow(), registryMirror="mirror-docker.pkg.dev/p/all")
    images = [container["image"] for container in service(made)["template"]["containers"]]
    assert images == [
        "mirror-docker.pkg.dev/p/all/mlflow/mlflow:v3.18.0-full",
        "mirror-docker.pkg.dev/p/all/cloud-sql-connectors/cloud-sql-proxy:2.26.0",
    ]
    assert made.all("Repository") == []


def test_grafana_believes_the_proxys_signature_and_has_no_password() -> None:
    metrics = contracts.Metrics(query_url="https://monitoring.googleapis.com/v1/projects/p/location/global/prometheus")
    made = built(CloudRunGrafana, "grafana", Grafana(), metrics, cloud={"identityDomain": "example.org"})
    inputs = service(made)
    assert inputs["iapEnabled"] is True
    told = variables(inputs["template"]["containers"][0])
    assert told["GF_AUTH_JWT_HEADER_NAME"] == "X-Goog-IAP-JWT-Assertion"
    assert json.loads(told["GF_AUTH_JWT_EXPECT_CLAIMS"])["iss"] == "https://cloud.google.com/iap"
    assert told["GF_AUTH_DISABLE_LOGIN_FORM"] == told["GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION"] == "true"
    assert told["GF_AUTH_ANONYMOUS_ENABLED"] == told["GF_AUTH_BASIC_ENABLED"] == "false"
    (source,) = yaml.safe_load(made.one("SecretVersion").inputs["secretData"])["datasources"]
    assert source["type"] == "stackdriver" and source["jsonData"] == {"authenticationType": "gce", "defaultProject": PROJECT}
    assert made.one("IAMMember").inputs["role"] == "roles/monitoring.viewer"
    assert made.one("WebCloudRunServiceIamMember").inputs["member"] == "domain:example.org"


def notebooks(**config: Any) -> Recording[Any]:
    tracking = contracts.Tracking(uri="https://mlflow", server=pulumi.Output.from_input("test-mlflow"))
    values = {"users": ["bob"], "admins": ["alice"], **config}
    return built(WorkbenchInstances, "jupyterhub", Jupyterhub.model_validate(values), tracking, environment="prod")


def test_each_user_has_a_closed_instance_of_its_own() -> None:
    made = notebooks(idleTimeout="30m", storage="20Gi")
    found = made.all("Instance")
    assert [instance.inputs["name"] for instance in found] == ["test-alice", "test-bob"]
    for instance in found:
        setup = instance.inputs["gceSetup"]
        assert instance.inputs["location"] == f"{REGION}-b" and instance.protect
        assert setup["disablePublicIp"] is True and setup["tags"] == ["test-members"]
        assert setup["bootDisk"]["kmsKey"] == setup["dataDisks"]["kmsKey"] == KEY
        assert setup["dataDisks"]["diskEncryption"] == "CMEK" and setup["dataDisks"]["diskSizeGb"] == "20"
        assert setup["metadata"]["notebook-disable-root"] == "true" and setup["metadata"]["idle-timeout-seconds"] == "1800"
        assert setup["shieldedInstanceConfig"]["enableSecureBoot"] is True
        assert setup["serviceAccounts"] == [{"email": ROBOT}]


def test_notebooks_may_call_the_tracking_server_and_nothing_else() -> None:
    (granted,) = notebooks().all("ServiceIamMember")
    assert granted.inputs["name"] == "test-mlflow" and granted.inputs["role"] == "roles/run.invoker"
    assert granted.inputs["member"] == f"serviceAccount:{ROBOT}"


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        ({"cpu": "1", "memory": "4Gi"}, "e2-standard-2"),
        ({"cpu": "2", "memory": "16Gi"}, "e2-standard-4"),
        ({"cpu": "2", "memory": "16Gi", "gpus": 1}, "n1-standard-8"),
        ({"cpu": "64", "memory": "4Gi"}, "e2-standard-32"),
    ],
)
def test_a_profile_becomes_the_smallest_machine_that_holds_it(profile: dict[str, Any], expected: str) -> None:
    assert machine(NotebookProfile.model_validate(profile)) == expected


def test_alerts_ask_in_promql_for_what_the_stack_has() -> None:
    made = built(GoogleManagedPrometheus, "prometheus", Prometheus(), systems={"mysql": {}, "kafka": {}})
    queries = {
        alert.inputs["conditions"][0]["conditionPrometheusQueryLanguage"]["alertRule"]: alert.inputs
        for alert in made.all("AlertPolicy")
    }
    assert set(queries) == {"TargetDown", "DatabaseDown", "DatabaseDiskFull"}  # nothing runs on Cloud Run here
    assert all(alert["enabled"] and alert["userLabels"]["owner"] == "platform-team" for alert in queries.values())
    charts = json.loads(made.one("Dashboard").inputs["dashboardJson"])["gridLayout"]["widgets"]
    assert [chart["title"] for chart in charts] == list(queries)
    asked = charts[0]["xyChart"]["dataSets"][0]["timeSeriesQuery"]["prometheusQuery"]
    assert asked == "up == 0"


def test_names_and_labels_keep_to_the_clouds_rules() -> None:
    assert account_id("a-stack-with-a-long-name-jupyterhub") == account_id("a-stack-with-a-long-name-jupyterhub")
    assert len(account_id("a-stack-with-a-long-name-jupyterhub")) <= 30 and len(account_id("x")) == 6
    assert labels({"mlops:system": "kafka", "owner": "Team.One"}) == {"mlops-system": "kafka", "owner": "team-one"}
