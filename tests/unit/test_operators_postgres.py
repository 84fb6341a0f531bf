"""The simulated CloudNativePG: pods and Services of a cluster, and roles before the databases that they own."""

from typing import Any

import pytest

from tests.unit.operators_fake import Cluster, custom, deployment, secret

SPEC: dict[str, Any] = {
    "instances": 3,
    "storage": {"size": "5Gi", "storageClass": "fast"},
    "resources": {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "1Gi"}},
    "certificates": {"serverTLSSecret": "tls", "serverCASecret": "tls"},
    "bootstrap": {"initdb": {"database": "app", "owner": "app", "secret": {"name": "app-user"}}},
}


def standing(**spec: Any) -> Cluster:
    """The operator, its Secrets and a Cluster whose pods are up."""
    cluster = Cluster()
    cluster.put(deployment("cloudnative-pg"))
    cluster.up("Deployment", "system", "cloudnative-pg")
    for name in ("tls", "app-user"):
        cluster.put(secret(name))
    cluster.put(custom("Cluster", "postgres", {**SPEC, **spec}))
    cluster.settle()
    return cluster


def up(cluster: Cluster) -> None:
    for serial in range(1, 4):
        cluster.up("Pod", "team", f"postgres-{serial}")
    cluster.settle()


def test_a_cluster_is_ready_when_all_its_pods_are() -> None:
    cluster = standing()
    (ready,) = cluster.get("Cluster", "team", "postgres")["status"]["conditions"]
    assert (ready["type"], ready["status"]) == ("Ready", "False")
    up(cluster)
    status = cluster.get("Cluster", "team", "postgres")["status"]
    assert status["conditions"][0]["status"] == "True" and status["readyInstances"] == 3


def test_pods_services_budgets_and_claims_are_those_of_the_operator() -> None:
    cluster = standing()
    pod = cluster.get("Pod", "team", "postgres-2")
    (container,) = pod["spec"]["containers"]
    assert container["resources"] == SPEC["resources"] == pod["spec"]["initContainers"][0]["resources"]
    assert (
        container["securityContext"]["readOnlyRootFilesystem"] is True and pod["spec"]["securityContext"]["runAsNonRoot"] is True
    )
    assert pod["metadata"]["labels"]["cnpg.io/instanceRole"] == "replica"
    assert cluster.get("Service", "team", "postgres-rw")["spec"]["selector"]["cnpg.io/instanceRole"] == "primary"
    assert cluster.get("PersistentVolumeClaim", "team", "postgres-3")["spec"]["storageClassName"] == "fast"
    assert cluster.get("PodDisruptionBudget", "team", "postgres")["spec"]["minAvailable"] == 1


def test_nothing_is_made_without_the_secrets_that_the_cluster_names() -> None:
    cluster = standing(certificates={"serverTLSSecret": "absent"})
    assert "absent" in cluster.get("Cluster", "team", "postgres")["status"]["phaseReason"]
    assert ("Pod", "team", "postgres-1") not in cluster.writes


@pytest.mark.parametrize("username", ["runs", "somebody"])
def test_a_database_waits_for_the_role_that_owns_it_and_the_role_for_its_own_username(username: str) -> None:
    cluster = standing()
    cluster.put(secret("runs-user", username=username, password="x"))
    to = {"cluster": {"name": "postgres"}}
    cluster.put(custom("Database", "runs", {**to, "name": "runs", "owner": "runs"}))
    cluster.settle()
    assert "applied" not in cluster.get("Database", "team", "runs")["status"]
    up(cluster)
    assert cluster.get("Database", "team", "runs")["status"]["applied"] is False
    cluster.put(
        custom("DatabaseRole", "role-runs", {**to, "name": "runs", "login": True, "passwordSecret": {"name": "runs-user"}})
    )
    cluster.settle()
    right = username == "runs"
    assert cluster.get("DatabaseRole", "team", "role-runs")["status"]["applied"] is right
    assert cluster.get("Database", "team", "runs")["status"]["applied"] is right
