"""What somebody tries who opens a door, and what must not be taken for it."""

import json

import pytest

from policies.model import UNKNOWN, Facts, Resource
from tests.policies.cases import BUCKET, ENCRYPTION, GROUP_RULE, KAFKA, KMS_RULES, SERVICE
from tests.policies.samples import TAGS, Props, custom, metadata, pod, statement
from tests.policies.test_rules import RULES, breaks, said

FIRST = "spec.template.spec.containers[0]"
JOB = "kubernetes:batch/v1:Job"


@pytest.mark.parametrize(
    ("spec", "notes", "bad"),
    [
        ({}, {}, True),
        ({}, {"service.beta.kubernetes.io/aws-load-balancer-internal": "true"}, False),
        ({}, {"service.beta.kubernetes.io/aws-load-balancer-internal": "false"}, True),
        ({}, {"networking.gke.io/load-balancer-type": "External"}, True),
        ({"loadBalancerSourceRanges": ["10.0.0.0/8"]}, {}, False),
        ({"loadBalancerSourceRanges": ["0.0.0.0/1", "128.0.0.0/1"]}, {}, True),
        ({"loadBalancerSourceRanges": ["10.0.0.0/8", "::/0"]}, {}, True),
    ],
)
def test_a_load_balancer_is_internal_or_for_named_ranges(spec: Props, notes: Props, bad: bool) -> None:
    service = {"metadata": {**metadata("x"), "annotations": notes}, "spec": {"type": "LoadBalancer", **spec}}
    assert breaks("no-public-access", SERVICE, service) is bad
    listener = {"name": "e", "type": "loadbalancer", "annotations": notes, **spec}
    assert breaks("no-public-access", KAFKA, custom("x", kafka={"listeners": [listener]})) is bad


def test_a_range_that_preview_does_not_know_leaves_a_load_balancer_undecided() -> None:
    service = {"metadata": metadata("x"), "spec": {"type": "LoadBalancer", "loadBalancerSourceRanges": [UNKNOWN]}}
    assert [f.undecided for f in said("no-public-access", SERVICE, service)] == [True]


@pytest.mark.parametrize(
    ("type", "props"),
    [
        (SERVICE, {"spec": {"type": "NodePort"}}),
        (SERVICE, {"spec": {"externalIPs": ["1.2.3.4"]}}),
        (GROUP_RULE, {"cidrIpv6": "::/0"}),
        (GROUP_RULE, {"cidrIpv4": "0.0.0.0/1"}),
        ("aws:ec2/securityGroup:SecurityGroup", {"ingress": [{"cidrBlocks": ["10.0.0.0/8", "0.0.0.0/0"]}]}),
        ("aws:ec2/securityGroupRule:SecurityGroupRule", {"type": "ingress", "ipv6CidrBlocks": ["::/0"]}),
        ("aws:lb/loadBalancer:LoadBalancer", {"name": "x"}),
        ("aws:sagemaker/domain:Domain", {"appNetworkAccessType": "PublicInternetOnly"}),
        ("aws:kms/key:Key", {"policy": statement(Principal="*", Action="kms:*", Resource="*")}),
        (
            "kubernetes:networking.k8s.io/v1:NetworkPolicy",
            {"spec": {"ingress": [{"from": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}]}},
        ),
        ("kubernetes:ray.io/v1:RayCluster", {"spec": {"headGroupSpec": {"serviceType": "LoadBalancer"}}}),
    ],
)
def test_doors_to_the_internet(type: str, props: Props) -> None:
    assert breaks("no-public-access", type, props)


def test_ways_out_are_no_doors() -> None:
    rule = {"type": "egress", "cidrBlocks": ["0.0.0.0/0"]}
    assert not said("no-public-access", "aws:ec2/securityGroupRule:SecurityGroupRule", rule)
    egress = {"spec": {"egress": [{"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}]}}
    assert not said("no-public-access", "kubernetes:networking.k8s.io/v1:NetworkPolicy", egress)


@pytest.mark.parametrize(
    ("said_of", "bad"),
    [
        ({"Principal": "*"}, True),
        ({"Principal": {"AWS": ["arn:aws:iam::1:root", "*"]}}, True),
        ({"NotPrincipal": {"AWS": "arn:aws:iam::1:root"}}, True),
        ({"Principal": "*", "Condition": {"Bool": {"aws:SecureTransport": "true"}}}, True),
        ({"Principal": "*", "Condition": {"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}}, True),
        ({"Principal": "*", "Condition": {"StringEquals": {"aws:SourceVpce": "*"}}}, True),
        ({"Principal": "*", "Condition": {"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}}, True),
        ({"Principal": "*", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}}, False),
        ({"Principal": "*", "Effect": "Deny"}, False),
        ({"Principal": {"Service": "logs.amazonaws.com"}}, False),
    ],
)
def test_a_bucket_policy_for_everybody(said_of: Props, bad: bool) -> None:
    policy = statement(Action="s3:GetObject", Resource="*", **said_of)
    assert breaks("no-public-bucket", "aws:s3/bucketPolicy:BucketPolicy", {"policy": policy}) is bad
    assert breaks("no-public-bucket", "aws:s3/bucketPolicy:BucketPolicy", {"policy": json.loads(policy)}) is bad


def test_a_bucket_opened_by_an_acl_a_grant_or_a_command() -> None:
    assert breaks("no-public-bucket", "aws:s3/bucketAcl:BucketAcl", {"acl": "public-read"})
    group = {"grantees": [{"uri": "http://acs.amazonaws.com/groups/global/AllUsers"}]}
    assert breaks("no-public-bucket", "aws:s3/bucketAcl:BucketAcl", {"accessControlPolicy": {"grants": [group]}})
    for text, bad in (("mc anonymous set download m/b", True), ("mc anonymous set none m/b", False)):
        assert breaks("no-public-bucket", JOB, {"spec": {"template": {"spec": pod(args=[text])}}}) is bad


def test_a_part_of_another_bucket_is_not_this_buckets() -> None:
    bucket = Resource(BUCKET, "b", {"bucket": "b-1", "tags": TAGS}, urn="urn::b")
    other = Resource(ENCRYPTION, "b", {"bucket": "other", "rules": KMS_RULES})
    unknown = Resource(ENCRYPTION, "b", {"bucket": UNKNOWN, "rules": KMS_RULES}, depends={"bucket": ["urn::other"]})
    mine = Resource(ENCRYPTION, "e", {"bucket": UNKNOWN, "rules": KMS_RULES}, depends={"bucket": ["urn::b"]})
    check = RULES["encrypted-at-rest"].check_stack
    assert check is not None
    facts = Facts()
    assert [r.name for r, _ in check([bucket, other, unknown], facts)] == ["b"]
    assert not list(check([bucket, other, mine], facts))


@pytest.mark.parametrize(
    ("said_of", "bad"),
    [
        ({"Action": "s3:GetObject", "Resource": "*"}, False),
        ({"Action": ["s3:*"], "Resource": ["arn:aws:s3:::mine/*"]}, False),
        ({"Action": ["s3:*"], "Resource": ["arn:aws:s3:::*"]}, True),
        ({"Action": "*", "Resource": "arn:aws:s3:::mine"}, True),
        ({"NotAction": "iam:*", "Resource": "*"}, True),
        ({"Action": "iam:PassRole", "Resource": "*"}, True),
        ({"Action": "iam:PassRole", "Resource": "*", "Condition": {"StringEquals": {"iam:PassedToService": "x"}}}, False),
        ({"Action": "s3:*", "NotResource": "arn:aws:s3:::other"}, True),
        ({"Action": "s3:*", "Resource": "*", "Effect": "Deny"}, False),
    ],
)
def test_wide_identities(said_of: Props, bad: bool) -> None:
    policy = statement(**said_of)
    assert breaks("no-wildcard-iam", "aws:iam/rolePolicy:RolePolicy", {"policy": policy}) is bad
    assert breaks("no-wildcard-iam", "aws:iam/role:Role", {"inlinePolicies": [{"policy": policy}]}) is bad


@pytest.mark.parametrize(
    ("type", "props", "bad"),
    [
        ("aws:iam/rolePolicyAttachment:RolePolicyAttachment", {"policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}, True),
        ("aws:iam/role:Role", {"managedPolicyArns": ["arn:aws:iam::aws:policy/AdministratorAccess"]}, True),
        ("aws:iam/role:Role", {"assumeRolePolicy": statement(Principal={"AWS": "*"}, Action="sts:AssumeRole")}, True),
        ("ClusterRole", {"rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]}, True),
        ("ClusterRole", {"rules": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["*"]}]}, True),
        ("Role", {"rules": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["*"]}]}, False),
        ("Role", {"rules": [{"apiGroups": ["rbac.authorization.k8s.io"], "resources": ["roles"], "verbs": ["escalate"]}]}, True),
        ("RoleBinding", {"roleRef": {"name": "view"}, "subjects": [{"kind": "Group", "name": "system:authenticated"}]}, True),
        ("RoleBinding", {"roleRef": {"name": "view"}, "subjects": [{"kind": "Group", "name": "team"}]}, False),
    ],
)
def test_wide_rights(type: str, props: Props, bad: bool) -> None:
    full = type if ":" in type else f"kubernetes:rbac.authorization.k8s.io/v1:{type}"
    assert breaks("no-wildcard-iam", full, props) is bad
