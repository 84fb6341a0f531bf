"""The pack over our own components on each cloud: they keep every rule, and each of the seeded openings in them is caught."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from policies.exceptions import Exceptions
from policies.model import ROOT_TYPE, Facts, Finding, Level, Resource
from policies.pack import Judge, all_rules
from tests.blueprints.recorded_clouds import CLOUDS, OnCloud, on_cloud
from tests.policies.samples import changed

RETIRED = "kept-upstream"
"""Advice below securityLevel hardened: full has what its upstream gave up, in the open."""


@dataclass(frozen=True)
class Seed:
    """One opening in a resource of a blueprint: the value at a path, and the rule that is to name that path."""

    rule: str
    type: str
    path: str
    value: Any
    """None takes the value away."""
    blueprint: str = "serving"


WORLD = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}]}'
)
ADMIN = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["*"], "Resource": ["*"]}]}'
OWNER = "/providers/Microsoft.Authorization/roleDefinitions/8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
SEEDS: dict[str, tuple[Seed, ...]] = {
    "sagemaker": (
        Seed("no-public-access", "aws:rds/instance:Instance", "publiclyAccessible", True),
        Seed("encrypted-at-rest", "aws:rds/instance:Instance", "storageEncrypted", False),
        Seed(
            "encrypted-at-rest",
            "aws:msk/cluster:Cluster",
            "encryptionInfo.encryptionInTransit.clientBroker",
            "TLS_PLAINTEXT",
            "production",
        ),
        Seed("no-public-access", "aws:sagemaker/domain:Domain", "appNetworkAccessType", "PublicInternetOnly"),
        Seed("no-public-access", "aws:sagemaker/model:Model", "enableNetworkIsolation", None),
        Seed("no-public-bucket", "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "blockPublicPolicy", False),
        Seed("no-public-bucket", "aws:s3/bucketPolicy:BucketPolicy", "policy", WORLD),
        Seed("encrypted-at-rest", "aws:cloudwatch/logGroup:LogGroup", "kmsKeyId", None),
        Seed("no-wildcard-iam", "aws:iam/rolePolicy:RolePolicy", "policy", ADMIN),
        Seed("no-public-access", "aws:eks/cluster:Cluster", "vpcConfig.endpointPublicAccess", True, "gpu-training"),
        Seed("encrypted-at-rest", "aws:sfn/stateMachine:StateMachine", "encryptionConfiguration.kmsKeyId", None, "gpu-training"),
        Seed(
            "no-public-access", "aws:ec2/launchTemplate:LaunchTemplate", "metadataOptions.httpTokens", "optional", "gpu-training"
        ),
    ),
    "vertex": (
        Seed("no-public-bucket", "gcp:storage/bucket:Bucket", "publicAccessPrevention", "inherited"),
        Seed("encrypted-at-rest", "gcp:storage/bucket:Bucket", "encryption.defaultKmsKeyName", None),
        Seed("no-public-access", "gcp:sql/databaseInstance:DatabaseInstance", "settings.ipConfiguration.ipv4Enabled", True),
        Seed("encrypted-at-rest", "gcp:sql/databaseInstance:DatabaseInstance", "settings.ipConfiguration.sslMode", None),
        Seed("no-public-access", "gcp:cloudrunv2/service:Service", "ingress", "INGRESS_TRAFFIC_ALL"),
        Seed("encrypted-at-rest", "gcp:managedkafka/cluster:Cluster", "gcpConfig.kmsKey", None, "production"),
        Seed("no-wildcard-iam", "gcp:projects/iAMMember:IAMMember", "role", "roles/editor"),
        Seed(
            "no-public-access", "gcp:container/cluster:Cluster", "privateClusterConfig.enablePrivateNodes", False, "gpu-training"
        ),
        Seed("encrypted-at-rest", "gcp:container/cluster:Cluster", "databaseEncryption.keyName", None, "gpu-training"),
        Seed("encrypted-at-rest", "gcp:workflows/workflow:Workflow", "cryptoKeyName", None, "gpu-training"),
    ),
    "azureml": (
        Seed("no-public-access", "azure-native:storage:StorageAccount", "publicNetworkAccess", "Enabled"),
        Seed("no-public-bucket", "azure-native:storage:StorageAccount", "allowBlobPublicAccess", True),
        Seed("encrypted-at-rest", "azure-native:storage:StorageAccount", "minimumTlsVersion", "TLS1_0"),
        Seed("no-public-access", "azure-native:keyvault:Vault", "properties.publicNetworkAccess", "Enabled"),
        Seed("no-public-access", "azure-native:dbformysql:Server", "network.publicNetworkAccess", "Enabled"),
        Seed("encrypted-at-rest", "azure-native:dbformysql:Server", "dataEncryption", None),
        Seed("no-public-access", "azure-native:eventhub:Namespace", "disableLocalAuth", False, "production"),
        Seed("no-public-access", "azure-native:eventhub:NamespaceNetworkRuleSet", "defaultAction", "Allow", "production"),
        Seed("no-public-access", "azure-native:machinelearningservices:Workspace", "publicNetworkAccess", "Enabled"),
        Seed("no-wildcard-iam", "azure-native:authorization:RoleAssignment", "roleDefinitionId", OWNER),
        Seed("no-public-access", "azure-native:containerservice:ManagedCluster", "disableLocalAccounts", False, "gpu-training"),
        Seed("encrypted-at-rest", "azure-native:containerservice:AgentPool", "enableEncryptionAtHost", False, "gpu-training"),
    ),
}


def resources(found: OnCloud) -> list[Resource]:
    """Everything that the blueprint registers, as a policy engine would show it."""
    providers = {r.kind: r.inputs for r in found.resources if r.type.startswith("pulumi:providers:")}
    return [
        Resource(
            type=r.type,
            name=r.name,
            # the id by which the parts of a bucket name it
            props={**r.inputs, "id": f"{r.name}-id"},
            urn=f"{r.type}::{r.name}",
            protect=r.protect,
            secrets=frozenset(re.sub(r"\.(\d+)(?=\.|$)", r"[\1]", path) for path in r.secrets),
            provider=providers.get(r.type.partition(":")[0], {}),
        )
        for r in found.resources
        if not r.read
    ]


def said(found: list[Resource]) -> Iterator[tuple[str, Resource, Finding]]:
    """What every rule finds, without what is excepted, at the level and environment of the stack's root."""
    (root,) = (r for r in found if r.type == ROOT_TYPE)
    judge = Judge(Exceptions.load(), all_rules(), Facts.of(root.props))
    for rule in judge.rules:
        yield from ((rule.name, r, finding) for r in found for finding in judge.judge(rule, r))
        whole = rule.check_stack(found, judge.facts) if rule.check_stack is not None else ()
        yield from ((rule.name, r, f) for r, f in whole if not judge.exceptions.covers(rule.name, r, f.path))


FULL = [pytest.param("full", target, marks=pytest.mark.slow) for target in CLOUDS]
OTHERS = [(name, target) for name in ("production", "serving", "gpu-training") for target in CLOUDS]


@pytest.mark.parametrize(("name", "target"), [*OTHERS, *FULL])
def test_our_own_components_keep_every_rule(name: str, target: str) -> None:
    found = resources(on_cloud(name, target))
    advice = {RETIRED} if name == "full" else set()
    assert [f"{rule} {r.type} {r.name} {finding}" for rule, r, finding in said(found) if rule not in advice] == []


def test_production_is_judged_at_the_strictest_level() -> None:
    for target in CLOUDS:
        (root,) = (r for r in resources(on_cloud("production", target)) if r.type == ROOT_TYPE)
        assert (Facts.of(root.props).level, Facts.of(root.props).environment) == (Level.HARDENED, "prod")


SEEDED = [(target, seed) for target, seeds in SEEDS.items() for seed in seeds]


@pytest.mark.parametrize(("target", "seed"), SEEDED, ids=[f"{t}-{s.type.rpartition(':')[2]}-{s.path}" for t, s in SEEDED])
def test_an_opening_in_our_own_components_is_caught(target: str, seed: Seed) -> None:
    found = resources(on_cloud(seed.blueprint, target))
    good = next(r for r in found if r.type == seed.type)
    (root,) = (r for r in found if r.type == ROOT_TYPE)
    judge = Judge(Exceptions.load(), all_rules(), Facts.of(root.props))
    (rule,) = (rule for rule in judge.rules if rule.name == seed.rule)
    bad = Resource(good.type, good.name, changed(dict(good.props), seed.path, seed.value), good.urn, good.protect)
    assert not judge.judge(rule, good)
    caught = judge.judge(rule, bad)
    assert any(f.path.startswith(seed.path) and not f.undecided for f in caught), caught


def test_an_unprotected_store_of_production_and_a_bucket_without_its_parts_are_caught() -> None:
    found = resources(on_cloud("production", "sagemaker"))
    bare = [r for r in found if r.kind not in ("BucketPublicAccessBlock", "BucketServerSideEncryptionConfiguration")]
    assert {(rule, r.kind) for rule, r, _ in said(bare)} == {("encrypted-at-rest", "Bucket"), ("no-public-bucket", "Bucket")}
    for target in CLOUDS:
        open_ = [
            Resource(r.type, r.name, r.props, r.urn, False, r.secrets, r.provider)
            for r in resources(on_cloud("production", target))
        ]
        assert len([1 for rule, _, f in said(open_) if rule == "protected-in-prod" and f.path == "options.protect"]) >= 5


def test_each_cloud_has_five_seeds_of_three_rules_at_least() -> None:
    assert set(SEEDS) == set(CLOUDS)
    for seeds in SEEDS.values():
        assert len(seeds) >= 5 and len({seed.rule for seed in seeds}) >= 3
