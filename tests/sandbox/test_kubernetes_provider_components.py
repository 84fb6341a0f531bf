"""Charts, YAML and kustomizations as components, and Releases, through the real engine and API server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from components.kubernetes.lockhash import values_hash
from sandbox.providers.kubernetes.facts import crd_facts, facts, rebuild
from sandbox.providers.kubernetes.manifests import parse
from tests.sandbox.conftest import Sandbox
from tests.sandbox.kubernetes_env import Program, program
from tests.unit.test_kubernetes_provider_facts import OBJECTS

__all__ = ["program"]
pytestmark = pytest.mark.sandbox

CRD = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.GROUP}
spec:
  group: GROUP
  names: {kind: Widget, plural: widgets}
  scope: Namespaced
  conversion: {strategy: Webhook, webhook: {conversionReviewVersions: [v1], clientConfig: {url: "https://127.0.0.1:9/convert"}}}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
"""
TEMPLATES = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: "{{ .Release.Name }}-web"}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: "nginx:{{ .Values.tag }}", env: [{name: TOKEN, value: "{{ .Values.token }}"}]}]}
---
apiVersion: v1
kind: Secret
metadata: {name: "{{ .Release.Name }}-login"}
stringData: {password: correct-horse}
---
apiVersion: GROUP/v1
kind: Widget
metadata: {name: w, annotations: {pulumi.com/deletionPropagationPolicy: background}}
spec: {size: 1}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: hook, annotations: {helm.sh/hook: post-install}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: kept, annotations: {helm.sh/resource-policy: keep}}
data: {version: "{{ .Capabilities.KubeVersion.Version }}", yes: "yes"}
---
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: v1.GROUP-aggregated}
spec: {group: GROUP-aggregated, version: v1, groupPriorityMinimum: 100, versionPriority: 1, service: {name: s, namespace: d}}
"""


def chart(program: Program, folder: Path) -> None:
    """A tiny chart under MLOPS_CHARTS."""
    group = f"{program.namespace}.test"
    for path, text in {
        "Chart.yaml": "apiVersion: v2\nname: tiny\nversion: 1.2.3\nappVersion: '9'\n",
        "values.yaml": "replicas: 1\ntag: none\ntoken: none\n",
        "crds/widgets.yaml": CRD.replace("GROUP", group),
        "templates/all.yaml": TEMPLATES.replace("GROUP", group),
    }.items():
        file = folder / "charts" / "tiny" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    program.engine.environment["MLOPS_CHARTS"] = str(folder / "charts")


CHART = """
    charted = component("helm.sh/v4:Chart", "ch", chart="CHARTREF", version="1.2.3", name="rel", namespace=NS,
                        values={"replicas": 2, "tag": TAG, "token": pulumi.Output.secret("sesame-open-now")})
    make("core/v1:ConfigMap", "after", metadata=meta("after"), opts=Options(depends_on=[charted]))
"""


def test_a_real_chart_becomes_children_named_as_the_official_provider_names_them(program: Program, tmp_path: Path) -> None:
    chart(program, tmp_path)
    text = CHART.replace("CHARTREF", "oci://charts.example/team/tiny")
    program.preview(text.replace("TAG", '"1"'))
    program.up()
    group, space = f"{program.namespace}.test", program.namespace
    state = program.engine.state()
    assert {name: item["type"] for name, item in state.items() if name.startswith("ch:")} == {
        f"ch:widgets.{group}": "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition",
        f"ch:{space}/rel-web": "kubernetes:apps/v1:Deployment",
        f"ch:{space}/rel-login": "kubernetes:core/v1:Secret",
        f"ch:{space}/kept": "kubernetes:core/v1:ConfigMap",
        f"ch:{space}/w": f"kubernetes:{group}/v1:Widget",
    }
    assert state[f"ch:{space}/rel-web"]["parent"] == state["ch"]["urn"]
    assert state[f"ch:{space}/w"]["dependencies"] == [state[f"ch:widgets.{group}"]["urn"]]
    assert program.live("deployment", "rel-web")["status"]["readyReplicas"] == 2
    assert program.live("configmap", "kept")["data"]["version"].startswith("v1.")
    assert "mlops.dev/evidence" not in program.live("deployment", "rel-web")["metadata"].get("labels", {})
    recorded = program.state_text()
    assert "sesame-open-now" not in recorded
    assert "correct-horse" not in recorded
    program.unchanged()
    program.engine.ok("refresh", "--yes", "--skip-preview", "--expect-no-changes")
    assert "nginx:2" in program.preview(text.replace("TAG", '"2"'))
    program.up()
    program.destroy()
    assert program.names("configmap") == ["kept"]
    assert program.names("deployment") == []
    assert program.sandbox.try_kubectl("get", "crd", f"widgets.{group}").returncode != 0


def test_a_chart_in_another_version_is_refused(program: Program, tmp_path: Path) -> None:
    chart(program, tmp_path)
    text = program.fails('component("helm.sh/v4:Chart", "ch", chart="tiny", version="1.2.4")', "preview")
    assert "MLOPS_CHARTS has version 1.2.3, the program asks for 1.2.4" in text


def lock(program: Program, folder: Path, values: dict[str, Any]) -> None:
    """A lock that knows the chart `locked`, rendered with these values into another namespace, and nothing else."""
    rendered = TEMPLATES.replace("GROUP", f"{program.namespace}.test").partition("---\napiVersion: v1\nkind: ConfigMap")[0]
    rendered = (
        rendered.replace("{{ .Release.Name }}", "rel").replace("{{ .Values.replicas }}", "2").replace("{{ .Values.t", "{{ t")
    )
    objects = [facts(obj) for obj in parse(rendered)]
    for obj in objects:
        obj["namespace"] = "rendered"
    render = {"namespace": "rendered", "release": "rel", "objects": objects}
    crd = crd_facts(parse(CRD.replace("GROUP", f"{program.namespace}.test"))[0])
    source = {"kind": "helm", "ref": "oci://charts.example/locked", "version": "1.2.3", "crds": [crd]}
    path = folder / "sources.lock.json"
    path.write_text(json.dumps({"version": 1, "sources": {"locked": {**source, "renders": {values_hash(values): render}}}}))
    program.engine.environment["MLOPS_SOURCES_LOCK"] = str(path)


def test_without_the_chart_its_locked_facts_come_up_and_say_so(program: Program, tmp_path: Path) -> None:
    lock(program, tmp_path, {"replicas": 2, "tag": "1", "token": "<runtime>"})
    text = CHART.replace("CHARTREF", "oci://charts.example/locked")
    program.up(text.replace("TAG", '"1"'))
    web = program.live("deployment", "rel-web")
    assert web["metadata"]["labels"]["mlops.dev/evidence"] == "locked"
    assert web["spec"]["template"]["spec"]["containers"][0]["env"] == [{"name": "TOKEN", "value": "not in sources.lock.json"}]
    assert program.live(f"widgets.{program.namespace}.test", "w")["spec"] == {"size": 1}
    program.unchanged()
    program.up(text.replace("TAG", '"2"'))
    assert program.live("deployment", "rel-web")["metadata"]["labels"]["mlops.dev/evidence"] == "default"
    refused = program.fails(text.replace("TAG", '"2"').replace("/locked", "/unheard-of"), "preview")
    assert "sources.lock.json has locked" in refused
    assert "mlops sources" in refused


LIST = """
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Namespace, metadata: {name: GRP}}
- {apiVersion: v1, kind: ConfigMap, metadata: {name: one, namespace: GRP}, data: {on: "off", n: "0o17"}}
"""
YAML = """
    two = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "two", "namespace": NS}}
    group = component("yaml/v2:ConfigGroup", "grp", yaml=open("list.txt").read(), files=FILES, objs=[two], skipAwait=True)
    component("yaml/v2:ConfigFile", "file", file="more/a.yaml", resourcePrefix="", opts=Options(depends_on=[group]))
    component("kustomize/v2:Directory", "kz", directory="./kz", namespace=NS)
"""


def test_yaml_and_kustomizations_become_children(program: Program) -> None:
    project, other = program.engine.project, f"{program.namespace}-grp"
    (project / "more").mkdir()
    (project / "kz").mkdir()
    account = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: sa, namespace: GRP}\n".replace("GRP", program.namespace)
    (project / "more" / "a.yaml").write_text(account)
    (project / "list.txt").write_text(LIST.replace("GRP", other))
    (project / "kz" / "kustomization.yaml").write_text("resources: [cm.yaml]\nnamePrefix: kz-\n")
    (project / "kz" / "cm.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: 'yes'}\n")
    program.up(YAML.replace("FILES", "[]"))
    space = program.namespace
    children = {name for name, item in program.engine.state().items() if item.get("custom") and "providers" not in item["type"]}
    assert children == {f"grp:{other}", f"grp:{other}/one", f"grp:{space}/two", f"{space}/sa", f"kz:{space}/kz-a"}
    assert program.live("configmap", "two")["metadata"]["annotations"] == {"pulumi.com/skipAwait": "true"}
    assert program.live("configmap", "kz-a")["data"] == {"x": "yes"}
    program.unchanged()
    refused = program.fails(YAML.replace("FILES", '["more/*.yaml"]'))  # the group and the file both make the account
    assert 'serviceaccounts "sa" already exists' in refused


def test_a_release_is_installed_by_helm_with_its_hooks(program: Program, tmp_path: Path) -> None:
    chart(program, tmp_path)
    text = """
        release = make("helm.sh/v3:Release", "rl", chart="tiny", name="rel", namespace=NS, skipCrds=False,
                       values={"replicas": REPLICAS, "tag": "1", "token": pulumi.Output.secret("sesame-open-now")},
                       status=None)
        pulumi.export("status", release.status)
    """
    (tmp_path / "charts" / "tiny" / "templates" / "all.yaml").write_text(
        TEMPLATES.replace("GROUP", f"{program.namespace}.test").partition("---\napiVersion: apiregistration")[0]
    )
    program.preview(text.replace("REPLICAS", "1"))
    program.up()
    assert program.engine.outputs()["status"]["revision"] == 1
    assert program.names("configmap") == ["hook", "kept"]
    assert "sesame-open-now" not in program.state_text()
    program.unchanged()
    program.engine.ok("refresh", "--yes", "--skip-preview", "--expect-no-changes")
    program.up(text.replace("REPLICAS", "2"))
    assert program.engine.outputs()["status"]["revision"] == 2
    assert program.live("deployment", "rel-web")["status"]["readyReplicas"] == 2
    program.destroy()
    assert program.names("deployment") == []


def test_a_locked_release_is_installed_from_its_facts(program: Program, tmp_path: Path) -> None:
    lock(program, tmp_path, {"replicas": 2})
    program.up(
        """
        make("helm.sh/v3:Release", "rl", chart="oci://charts.example/locked", version="1.2.3", namespace=NS,
             values={"replicas": 2})
        """
    )
    labels = program.live("deployment", "rel-web")["metadata"]["labels"]
    assert labels["mlops.dev/evidence"] == "locked"
    assert labels["app.kubernetes.io/managed-by"] == "Helm"
    program.destroy()
    assert program.names("deployment") == []


def test_rebuilt_facts_are_objects_that_the_api_server_takes(sandbox: Sandbox, namespace: str) -> None:
    sandbox.kubectl("create", "serviceaccount", "web", "-n", namespace)
    for obj in OBJECTS:
        if obj["kind"] == "PrometheusRule":  # its CRD is not here
            continue
        fact = facts(obj)
        fact = {**fact, "namespace": namespace} if "namespace" in fact else fact
        rebuilt = rebuild(fact)
        sandbox.kubectl("create", "--dry-run=server", "--validate=strict", "-f", "-", stdin=rebuilt)
