"""The gateway and the single sign-on through the composer: what is let in, where, and behind which guard."""

import tomllib
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

from components.contracts import Endpoint, Gateway
from components.kubernetes import exposure, login_values
from components.kubernetes.gateway import EnvoyGateway
from components.kubernetes.gateway_specs import proxy
from components.kubernetes.place import Compute
from components.naming import Naming
from components.platform import Platform
from components.validation.problems import Problems
from policies.model import Facts, Resource
from policies.rules import no_public_access
from tests.unit.recording import Recording, record
from tests.unit.stackfiles import checked, stack

SYSTEMS = "systems: {minio: {replicas: 1}, mysql: {replicas: 1}, mlflow: {}, jupyterhub: {}, prometheus: {}, grafana: {}}\n"
OPEN = "domain: mlops.test\ngateway: {}\n" + SYSTEMS
GUARDED = "login: {users: [ada]}\n" + OPEN
OWN_LOGIN = {"mlflow", "jupyterhub", "grafana", "dex", "login"}
NO_LOGIN = {"prometheus", "alertmanager"}


def composed(folder: Path, text: str) -> Recording[Platform]:
    made = stack(checked(folder, text))
    return record(lambda: Platform("platform", made))


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Recording[Platform]:
    return composed(tmp_path_factory.mktemp("guarded"), GUARDED)


def routes(made: Recording[Platform]) -> dict[str, Any]:
    """Routes of endpoints by host label."""
    found = {r.name.removeprefix("route-"): r for r in made.all("HTTPRoute") if r.name.startswith("route-")}
    for host, route in found.items():
        assert route.inputs["spec"]["hostnames"] == [f"{host}.mlops.test"]
    return found


def test_every_endpoint_is_routed_to_a_port_of_its_service(guarded: Recording[Platform]) -> None:
    found = routes(guarded)
    assert set(found) == OWN_LOGIN | NO_LOGIN
    assert found["mlflow"].inputs["spec"]["rules"][0]["backendRefs"] == [
        {"group": "", "kind": "Service", "name": "mlflow", "port": 5000, "weight": 1}
    ]
    assert {r.inputs["spec"]["parentRefs"][0]["sectionName"] for r in found.values()} == {"https"}
    assert found["mlflow"].namespace == "mlflow"
    assert guarded.result.outputs["public.mlflow"] == "https://mlflow.mlops.test"


def test_what_has_no_login_is_guarded_before_its_route_stands(guarded: Recording[Platform]) -> None:
    guards = {r.inputs["spec"]["targetRefs"][0]["name"]: r for r in guarded.all("SecurityPolicy")}
    assert set(guards) == {f"mlops-{host}" for host in NO_LOGIN}
    for host in NO_LOGIN:
        guard = guards[f"mlops-{host}"]
        assert guard.name in guarded.waits_for(f"route-{host}")
        assert "login-proxy" in guard.depends_on
        assert guard.inputs["spec"]["extAuth"]["failOpen"] is False
        (backend,) = guard.inputs["spec"]["extAuth"]["http"]["backendRefs"]
        assert (backend["name"], backend["namespace"], backend["port"]) == ("oauth2-proxy", "login", 80)
        # else /ping of the backend would be open to all, for oauth2-proxy answers 200 to its own
        assert guard.inputs["spec"]["extAuth"]["http"]["pathOverride"] == "/"
    grant = guarded.one("ReferenceGrant")
    assert grant.namespace == "login"
    assert [peer["namespace"] for peer in grant.inputs["spec"]["from"]] == ["monitoring"]


def test_without_single_sign_on_only_what_has_a_login_of_its_own_is_exposed(tmp_path: Path) -> None:
    made = composed(tmp_path, OPEN)
    assert set(routes(made)) == OWN_LOGIN - {"dex", "login"}
    assert made.all("SecurityPolicy") == []


def test_a_stack_without_a_gateway_has_nothing_of_it(tmp_path: Path) -> None:
    made = composed(tmp_path, "domain: mlops.test\n" + SYSTEMS)
    assert not [r for r in made.resources if "gateway" in r.type or "gateway" in r.name]
    assert not [key for key in made.result.outputs if key.startswith("public.")]


def test_the_gateway_trusts_backends_by_the_platforms_ca(guarded: Recording[Platform]) -> None:
    found = {r.name: r.inputs["spec"] for r in guarded.all("BackendTLSPolicy")}
    assert set(found) == {"route-mlflow-tls", "route-dex-tls"}
    assert found["route-mlflow-tls"]["validation"]["hostname"] == "mlflow.mlflow.svc"
    certificate = guarded.one("Certificate", "mlflow-certificate").inputs["spec"]
    assert "mlflow.mlflow.svc" in certificate["dnsNames"]
    assert "dex.login.svc" in guarded.one("Certificate", "login-certificate").inputs["spec"]["dnsNames"]


def peers(made: Recording[Platform], namespace: str, way: str) -> set[str]:
    """Namespaces that a namespace's policy names in ingress or egress."""
    spec = made.one("NetworkPolicy", f"network-{namespace}").inputs["spec"]
    return {
        peer["namespaceSelector"]["matchLabels"].get("kubernetes.io/metadata.name", "")
        for rule in spec[way]
        for peer in rule.get("from", rule.get("to")) or []
        if "namespaceSelector" in peer
    }


def test_network_policies_let_the_gateway_in_where_it_has_routes_and_nowhere_else(guarded: Recording[Platform]) -> None:
    for namespace in ("mlflow", "jupyterhub", "monitoring", "login"):
        assert "gateway" in peers(guarded, namespace, "ingress"), namespace
        assert namespace in peers(guarded, "gateway", "egress"), namespace
    assert "gateway" not in peers(guarded, "minio", "ingress")
    assert "jupyterhub" not in peers(guarded, "login", "ingress"), "notebooks have no business there"
    out = guarded.one("NetworkPolicy", "network-login").inputs["spec"]["egress"]
    assert [port["port"] for rule in out if "to" not in rule for port in rule["ports"]] == [443, 6443, 389, 636]
    doors = [rule for rule in guarded.one("NetworkPolicy", "network-gateway").inputs["spec"]["ingress"] if "from" not in rule]
    assert [port["port"] for rule in doors for port in rule["ports"]] == sorted(EnvoyGateway.webhooks)


def test_the_listener_is_https_for_the_domain_and_http_only_redirects(guarded: Recording[Platform]) -> None:
    listeners = {item["name"]: item for item in guarded.one("Gateway").inputs["spec"]["listeners"]}
    assert listeners["https"]["hostname"] == "*.mlops.test"
    assert listeners["https"]["tls"]["certificateRefs"][0]["name"] == "gateway-tls"
    assert guarded.one("Certificate", "gateway-certificate").inputs["spec"]["dnsNames"] == ["*.mlops.test", "mlops.test"]
    redirect = guarded.one("HTTPRoute", "gateway-redirect").inputs["spec"]
    assert redirect["parentRefs"][0]["sectionName"] == "http"
    assert redirect["rules"][0]["filters"][0]["requestRedirect"]["scheme"] == "https"
    labels = listeners["https"]["allowedRoutes"]["namespaces"]["selector"]["matchLabels"]
    assert labels.items() <= guarded.one("Namespace", "mlflow").inputs["metadata"]["labels"].items()


def test_requests_carry_their_own_address_and_no_identity_that_the_client_made_up(guarded: Recording[Platform]) -> None:
    early = guarded.one("ClientTrafficPolicy").inputs["spec"]["headers"]["earlyRequestHeaders"]
    assert early["set"][0]["name"].lower() in exposure.ASKED
    told = guarded.all("SecurityPolicy")[0].inputs["spec"]["extAuth"]["http"]["headersToBackend"]
    assert {header.lower() for header in early["remove"]} == set(told)


def test_controller_and_proxies_have_certificates_of_ours_before_the_controller_stands(guarded: Recording[Platform]) -> None:
    for part, usage in (("envoy-gateway", "server auth"), ("envoy", "client auth"), ("envoy-rate-limit", "client auth")):
        found = guarded.one("Certificate", f"gateway-identity-{part}")
        assert (found.inputs["spec"]["secretName"], found.inputs["spec"]["usages"][-1]) == (part, usage)
        assert found.name in guarded.waits_for("gateway-controller")
    assert {"gateway-crds", "gateway-oidc-hmac"} <= guarded.waits_for("gateway-controller")
    assert "gateway-controller" in guarded.waits_for("gateway-gateway")


@pytest.mark.parametrize(("ranges", "open_"), [(["10.0.0.0/8"], False), (["0.0.0.0/0"], True), ([], True)])
def test_a_load_balancer_for_everybody_is_seen_by_the_policy(ranges: list[str], open_: bool) -> None:
    spec = proxy(1, "envoy:1", Compute("1", "1Gi"), "LoadBalancer", {}, ranges, {})
    resource = Resource("kubernetes:gateway.envoyproxy.io/v1alpha1:EnvoyProxy", "p", {"kind": "EnvoyProxy", "spec": spec})
    assert bool(list(no_public_access.check(resource, Facts()))) is open_


def test_the_spec_reaches_envoy(tmp_path: Path) -> None:
    text = OPEN.replace("gateway: {}", "gateway: {replicas: 3, service: ClusterIP, resources: {cpu: 2, memory: 1Gi}}")
    spec = composed(tmp_path, "registryMirror: mirror.example/hub\n" + text).one("EnvoyProxy").inputs["spec"]
    infra = spec["provider"]["kubernetes"]
    assert infra["envoyDeployment"]["replicas"] == 3
    assert infra["envoyDeployment"]["container"]["image"].startswith("mirror.example/hub/envoyproxy/envoy:")
    assert infra["envoyDeployment"]["container"]["resources"]["requests"] == {"cpu": "2", "memory": "1Gi"}
    assert infra["envoyService"]["type"] == "ClusterIP" and "loadBalancerSourceRanges" not in infra["envoyService"]


def way() -> exposure.Way:
    return exposure.Way("mlops.test", Gateway("mlops", "gateway", "https", "x"), None, "mlops-ca", pulumi.ResourceOptions())


def labels(system: str) -> dict[str, str]:
    return Naming("test", None, "dev", "me").labels(system)


def test_two_systems_cannot_be_one_host() -> None:
    twice = {name: [Endpoint("same", "ns", name, 80, login=False)] for name in ("one", "two")}
    with pytest.raises(pulumi.RunError, match=r"two and one both want to be https://same\.mlops\.test"):
        record(lambda: exposure.expose(way(), twice, labels))


def test_a_canary_shares_the_requests_by_weight() -> None:
    endpoint = Endpoint("model", "ns", "model", 80, scheme="https", login=False, weights={"model": 90, "model-canary": 10})
    made = record(lambda: exposure.expose(way(), {"fastapi": [endpoint]}, labels))
    backends = made.one("HTTPRoute").inputs["spec"]["rules"][0]["backendRefs"]
    assert {item["name"]: item["weight"] for item in backends} == {"model": 90, "model-canary": 10}
    assert {r.inputs["spec"]["validation"]["hostname"] for r in made.all("BackendTLSPolicy")} == {
        "model.ns.svc",
        "model-canary.ns.svc",
    }


def dex(made: Recording[Platform]) -> dict[str, Any]:
    config: dict[str, Any] = yaml.safe_load(made.one("Secret", "dex-config").inputs["stringData"]["config.yaml"])
    return config


def test_passwords_are_generated_and_dex_knows_only_their_hashes(guarded: Recording[Platform]) -> None:
    assert guarded.leaks() == []
    config = dex(guarded)
    password = guarded.passwords["login-user-ada"]
    assert guarded.one("Secret", "login-users").inputs["stringData"] == {"ada": password}
    (user,) = config["staticPasswords"]
    assert user["email"] == "ada@mlops.test" and user["hash"].startswith("$2a$")
    assert password not in str(config)
    assert "stringData" in {path.split(".")[0] for path in guarded.one("Secret", "dex-config").secrets}


def test_dex_and_the_doorkeeper_agree(guarded: Recording[Platform]) -> None:
    config, values = dex(guarded), guarded.one("Chart", "login-proxy").inputs["values"]
    settings = tomllib.loads(values["config"]["configFile"])
    (client,) = config["staticClients"]
    keys = guarded.one("Secret", "oauth2-proxy-keys").inputs["stringData"]
    assert (client["id"], client["secret"]) == (keys["client-id"], keys["client-secret"])
    assert len(keys["cookie-secret"]) == 32
    assert client["redirectURIs"] == [settings["redirect_url"]]
    assert settings["oidc_issuer_url"] == config["issuer"] == "https://dex.mlops.test"
    assert settings["upstreams"] == ["static://200"] and settings["cookie_domains"] == [".mlops.test"]
    assert "allowed_groups" not in settings


def test_a_users_id_is_the_same_in_every_run_and_another_for_another() -> None:
    one, two = (login_values.dex_config("d", "s", {"ada": "h", "bob": "h"}, {}, 60)["staticPasswords"] for _ in range(2))
    assert one == two and one[0]["userID"] != one[1]["userID"]


def test_connectors_take_their_secrets_from_the_cluster(tmp_path: Path) -> None:
    text = """
login:
  groups: [ml]
  connectors:
    github: {type: github, name: GitHub, secretName: github-app, secretRefs: [clientSecret], config: {clientID: abc}}
    people: {type: ldap, name: Directory, config: {host: "ldap.example.com:636"}}
"""
    made = composed(tmp_path, OPEN + text)
    config, values = dex(made), made.one("Chart", "login-dex").inputs["values"]
    assert values["envFrom"] == [{"secretRef": {"name": "github-app"}}]
    github, people = config["connectors"]
    assert github["config"] == {
        "redirectURI": "https://dex.mlops.test/callback", "clientID": "abc", "clientSecret": "$clientSecret"
    }  # fmt: skip
    assert "redirectURI" not in people["config"]
    assert config["enablePasswordDB"] is False and config["staticPasswords"] == []
    proxy_settings = tomllib.loads(made.one("Chart", "login-proxy").inputs["values"]["config"]["configFile"])
    assert proxy_settings["allowed_groups"] == ["ml"]


def test_somebody_can_always_log_in(tmp_path: Path) -> None:
    made = composed(tmp_path, OPEN + "login: {}\n")
    assert [user["username"] for user in dex(made)["staticPasswords"]] == ["admin"]


@pytest.mark.parametrize(
    ("text", "path", "said"),
    [
        ("login: {}\n" + SYSTEMS, "mlops:spec.login", "needs a gateway"),
        ("gateway: {replicas: 0}\n" + SYSTEMS, "mlops:spec.gateway.replicas", "expected at least 1"),
    ],
)
def test_what_is_missing_is_said_at_its_place(tmp_path: Path, text: str, path: str, said: str) -> None:
    found = checked(tmp_path, text)
    assert isinstance(found, Problems)
    assert any(problem.path == path and said in problem.message for problem in found), found.text()


def test_a_target_without_it_refuses_it(tmp_path: Path) -> None:
    found = checked(tmp_path, "gateway: {}\nsystems: {minio: {}}\n", target="sagemaker")
    assert isinstance(found, Problems)
    assert [(p.path, "leave it out" in p.message) for p in found] == [("mlops:spec.gateway", True)]
