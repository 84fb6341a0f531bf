"""Certificates: the operators first, then the root, then what is signed by it and what trusts it."""

from dataclasses import replace

import pulumi

from components.kubernetes.namespace import TENANT_LABEL, TRUST_LABEL, Peers, namespace, network_policy
from tests.unit.kubernetes_stack import FOUNDATION, LABELS, stack
from tests.unit.recording import Recording, record
from tests.unit.registered import Registered


def test_nothing_is_signed_before_the_operator_answers() -> None:
    made = stack()
    assert "foundation-cert-manager" in made.waits_for("foundation-apicheck-job")
    for name in ("foundation-root-issuer", "foundation-trust-manager"):
        assert "foundation-apicheck-job" in made.waits_for(name)
    assert "foundation-root" in made.waits_for("foundation-issuer")
    assert {"foundation-trust-manager", "foundation-root"} <= made.waits_for("foundation-bundle")
    # through the composer's depends_on of the components
    for name in ("minio-certificate", "mysql-certificate", "kafka-certificate"):
        assert "foundation-issuer" in made.waits_for(name)


def test_one_root_signs_and_its_bundle_goes_to_labelled_namespaces() -> None:
    made = stack()
    root = made.one("Certificate", "foundation-root").inputs["spec"]
    assert root["isCA"] is True and root["secretName"] == "mlops-ca" and root["privateKey"]["rotationPolicy"] == "Never"
    assert made.one("ClusterIssuer", "mlops-ca").inputs["spec"] == {"ca": {"secretName": "mlops-ca"}}
    bundle = made.one("Bundle").inputs["spec"]
    assert bundle["sources"] == [{"secret": {"name": "mlops-ca", "key": "tls.crt"}}]
    assert bundle["target"]["configMap"] == {"key": "ca.crt"}
    assert bundle["target"]["namespaceSelector"] == {"matchLabels": TRUST_LABEL}
    issuers = {c.inputs["spec"]["issuerRef"]["name"] for c in made.all("Certificate") if c.name != "foundation-root"}
    assert issuers == {"mlops-ca"}


def test_keep_crds_reaches_the_charts_own_switch() -> None:
    for keep in (True, False):
        made = stack(foundation=replace(FOUNDATION, keep_crds=keep))
        for chart in ("foundation-cert-manager", "foundation-trust-manager"):
            found = made.one("Chart", chart)
            assert found.inputs["values"]["crds"] == {"enabled": True, "keep": keep}
            assert found.definitions_stay is keep


def _namespace(peers: Peers) -> Recording[None]:
    def build() -> None:
        namespace("ns", "mysql", LABELS, "baseline", pulumi.ResourceOptions())
        network_policy("net", "mysql", LABELS, peers, pulumi.ResourceOptions())

    return record(build)


def _names(rule: object) -> list[str]:
    assert isinstance(rule, list)
    return [
        labels.get("kubernetes.io/metadata.name", next(iter(labels), ""))
        for peer in rule
        for labels in [peer.get("namespaceSelector", {}).get("matchLabels", {})]
    ]


def test_a_namespace_says_who_answers_for_it_and_what_it_allows() -> None:
    found: Registered = _namespace(Peers()).one("Namespace")
    assert found.inputs["metadata"]["labels"] == {
        **LABELS,
        **TRUST_LABEL,
        "pod-security.kubernetes.io/enforce": "baseline",
        "pod-security.kubernetes.io/warn": "restricted",
    }


def test_traffic_is_denied_but_for_the_peers_of_the_wiring() -> None:
    spec = _namespace(Peers(callers=["mlflow"], callees=["minio"])).one("NetworkPolicy").inputs["spec"]
    assert spec["podSelector"] == {} and spec["policyTypes"] == ["Ingress", "Egress"]
    assert len(spec["ingress"]) == 1
    assert _names(spec["ingress"][0]["from"]) == ["", "mlflow"]
    assert _names(spec["egress"][0]["to"]) == ["", "minio"]
    dns = spec["egress"][1]
    assert _names(dns["to"]) == ["kube-system"] and {p["port"] for p in dns["ports"]} == {53}
    # what has no peer has a port: the API server
    open_ports = {p["port"] for rule in spec["egress"] if "to" not in rule for p in rule["ports"]}
    assert open_ports == {6443}


def test_tenants_webhooks_and_the_internet_are_allowed_only_where_said() -> None:
    spec = _namespace(Peers(tenants=True, webhooks=[10250], internet=True)).one("NetworkPolicy").inputs["spec"]
    assert next(iter(TENANT_LABEL)) in _names(spec["ingress"][0]["from"])
    assert spec["ingress"][1] == {"ports": [{"protocol": "TCP", "port": 10250}]}
    assert {p["port"] for rule in spec["egress"] if "to" not in rule for p in rule["ports"]} == {443, 6443}
