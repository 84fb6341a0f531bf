"""A team's fence keeps it in, and the document tells it what it was granted and nothing secret."""

import json
from typing import Any

import pulumi
import pytest

from components import contracts
from components.contracts import BrokerAccess, BucketAccess, DatabaseAccess
from components.kubernetes.published import read
from components.kubernetes.teams import RULES, TeamFence, TeamFenceArgs, publish
from components.spec.stack import Stack, StackSpec, Target
from components.spec.team import Quota, Team
from components.system import TeamGrants
from tests.unit.recording import Recording, record

STACK = Stack(name="platform-dev", target=Target.KUBERNETES, spec=StackSpec(owner="platform-team"))
TEAM = Team(systems=["mlflow"], topics=["events"], quota=Quota(cpu="8", memory="32Gi", gpus=2, storage="100Gi", pods=40))
GRANTED = {
    "databases": DatabaseAccess(
        "mysql-haproxy.mysql.svc", 3306, "fraud-mlflow", "fraud-mlflow", "fraud-mlflow-database", "mlops-ca"
    ),
    "buckets": BucketAccess("fraud-mlflow", "us-east-1", "https://minio.minio.svc:9000", "fraud-mlflow-bucket", "mlops-ca"),
    "brokers": BrokerAccess("kafka:9093", "SCRAM-SHA-512", ["events"], "fraud-apps", "fraud-apps-kafka", "mlops-ca"),
}
CERTIFICATES = {contracts.Certificates: contracts.Certificates(issuer="mlops-ca", bundle="mlops-ca")}


def fenced(met: dict[type, Any] = CERTIFICATES) -> Recording[None]:  # type: ignore[assignment]
    def build() -> None:
        args = TeamFenceArgs.build(STACK, "fraud", TEAM, ["kafka", "minio", "monitoring", "mysql"])
        fence = TeamFence("team-fraud", args)
        grants = TeamGrants()
        grants.databases["mlflow"] = GRANTED["databases"]  # type: ignore[assignment]
        grants.buckets["mlflow"] = GRANTED["buckets"]  # type: ignore[assignment]
        grants.brokers["apps"] = GRANTED["brokers"]  # type: ignore[assignment]
        grants.ready = [fence]
        publish("team-fraud", "platform-dev", "fraud", fence, met, grants)

    return record(build)


def document(met: dict[type, Any] = CERTIFICATES) -> str:  # type: ignore[assignment]
    return str(fenced(met).one("ConfigMap", "mlops-contract").inputs["data"]["contract.json"])


def test_the_namespace_is_restricted_and_bears_the_teams_name() -> None:
    found = fenced().one("Namespace", "fraud").inputs["metadata"]["labels"]
    assert found["pod-security.kubernetes.io/enforce"] == "restricted"
    assert (found["mlops.dev/team"], found["mlops.dev/owner"]) == ("fraud", "platform-team")


def test_the_quota_bounds_what_pods_may_ask_for_gpus_too() -> None:
    hard = fenced().one("ResourceQuota").inputs["spec"]["hard"]
    assert hard == {
        "requests.cpu": "8",
        "requests.memory": "32Gi",
        "requests.storage": "100Gi",
        "requests.nvidia.com/gpu": "2",
        "pods": "40",
        "services.loadbalancers": "0",
        "services.nodeports": "0",
    }


def test_the_deployer_may_deploy_and_may_not_move_its_fence() -> None:
    made = fenced()
    rules = made.one("Role").inputs["rules"]
    allowed = {(g, r, v) for rule in rules for g in rule["apiGroups"] for r in rule["resources"] for v in rule["verbs"]}
    for right in (("apps", "deployments", "create"), ("", "secrets", "get"), ("cert-manager.io", "certificates", "patch")):
        assert right in allowed
    written = {(g, r) for g, r, v in allowed if v not in ("get", "list", "watch")}
    assert not written & {("", "namespaces"), ("", "resourcequotas"), ("", "limitranges")}
    assert not {v for _, _, v in allowed} & {"*", "escalate", "bind", "impersonate"}
    assert not {r for _, r, _ in allowed} & {"*", "pods/exec", "serviceaccounts/token", "clusterroles", "nodes"}
    assert len(rules) == sum(len(r) for r in RULES.values())
    assert made.all("ClusterRole") == made.all("ClusterRoleBinding") == []


def test_the_deployer_is_bound_in_its_own_namespace_and_has_a_token() -> None:
    made = fenced()
    binding = made.one("RoleBinding")
    assert binding.namespace == "fraud"
    assert binding.inputs["roleRef"] == {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "mlops-deployer"}
    assert binding.inputs["subjects"] == [{"kind": "ServiceAccount", "name": "mlops-deployer", "namespace": "fraud"}]
    token = made.one("Secret", "mlops-deployer-token")
    assert token.inputs["type"] == "kubernetes.io/service-account-token"
    assert token.inputs["metadata"]["annotations"] == {"kubernetes.io/service-account.name": "mlops-deployer"}
    assert "team-fraud-deployer" in token.depends_on


def test_the_document_holds_names_and_addresses_of_what_was_granted() -> None:
    content = json.loads(document())
    assert (content["platform"], content["team"]) == ("platform-dev", "fraud")
    assert content["databases"]["mlflow"]["secret"] == "fraud-mlflow-database"
    assert content["buckets"]["mlflow"]["endpoint"] == "https://minio.minio.svc:9000"
    assert content["brokers"]["apps"]["topics"] == ["events"]
    assert content["contracts"]["Certificates"] == {"issuer": "mlops-ca", "bundle": "mlops-ca"}
    assert "deployer" not in document() and "password" not in document().lower()


def team_stack(text: str | None, platform: str, use: Any) -> Recording[Any]:
    data = {} if text is None else {"contract.json": text}
    return record(
        lambda: use(read("fraud", platform, pulumi.ResourceOptions()).contracts()), reads={"fraud/mlops-contract": {"data": data}}
    )


def granted(found: dict[type, Any]) -> pulumi.Output[Any]:
    access = found[contracts.Database].grant("mlflow", contracts.Consumer("mlflow", "fraud"))
    seen = pulumi.Output.all(access.host, access.username, access.secret, access.port)
    return seen.apply(values_seen.append)


values_seen: list[Any] = []


def test_the_teams_stack_gets_its_access_from_the_document() -> None:
    values_seen.clear()
    made = team_stack(document(), "platform-dev", granted)
    assert values_seen == [["mysql-haproxy.mysql.svc", "fraud-mlflow", "fraud-mlflow-database", 3306]]
    assert [r.read for r in made.all("ConfigMap")] == [True]


@pytest.mark.parametrize(
    ("text", "platform", "name", "said"),
    [
        (None, "platform-dev", "mlflow", r'has no "contract.json": run `pulumi up` of platform stack "platform-dev"'),
        ("", "platform-two", "mlflow", r'"platform-two", but the cluster of this kubeconfig carries "platform-dev"'),
        ("", "platform-dev", "feast", r'platform stack "platform-dev" grants team "fraud" no databases feast; its databases has'),
    ],
    ids=["nothing published", "another platform", "not granted"],
)
def test_what_the_platform_lacks_is_named(text: str | None, platform: str, name: str, said: str) -> None:
    def use(found: dict[type, Any]) -> None:
        access = found[contracts.Database].grant(name, contracts.Consumer("x", "fraud"))
        pulumi.Output.from_input(access.host).apply(lambda host: host)

    with pytest.raises(Exception, match=said):
        team_stack(document() if text == "" else text, platform, use)


def test_a_platform_without_certificates_is_named_too() -> None:
    with pytest.raises(Exception, match=r"grants team .fraud. no contracts Certificates"):
        team_stack(document({}), "platform-dev", lambda found: None)


def test_a_database_of_another_kind_is_named_too() -> None:
    published = json.dumps({**json.loads(document()), "engine": "postgres"})
    with pytest.raises(Exception, match=r'grants team "fraud" database mlflow on postgres; a team.s systems speak mysql alone'):
        team_stack(published, "platform-dev", granted)
