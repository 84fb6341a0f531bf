"""The objects that the resolver's tests look at: what a `pulumi up` of stack `sandbox` left in a cluster, cut to what is read.

`python -m tests.unit.wiring_cluster` writes the file anew from the cluster of KUBECONFIG (with --rendered from the program under
mocks). Values of Secrets never get into it, and of ConfigMaps only the texts that hold an address.
"""

import copy
import functools
import json
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from cli.wiring.mentions import mentions

FILE = Path(__file__).with_name("wiring") / "sandbox.json"
SPACES = {"minio", "mysql", "mlflow", "kafka", "monitoring"}
KINDS = {
    *("Namespace", "Service", "Deployment", "StatefulSet", "Job", "ConfigMap", "Secret", "NetworkPolicy", "ServiceAccount"),
    *("ServiceMonitor", "PodMonitor", "Prometheus", "ValidatingWebhookConfiguration", "PerconaServerMySQL", "Kafka", "Pod"),
}
LEFT_OUT = (
    "grafana",
    "alertmanager",
    "kube-state",
    "node-exporter",
    "jupyterhub",
    "coredns",
    "kube-root",
    "trust-manager",
    "cert-m",
)
"""Parts of names of what the tests do without."""
CONTROL_PLANE = ("apiserver", "kubelet", "kube-dns", "kube-proxy", "kube-etcd")
LABELS = ("mlops.dev/", "app.kubernetes.io/managed-by", "app.kubernetes.io/part-of", "helm.sh/", "chart", "heritage", "pulumi")
CONTAINER = {"name", "image", "env", "envFrom", "args", "ports", "volumeMounts", "readinessProbe"}
POD = {
    "containers",
    "initContainers",
    "volumes",
    "serviceAccountName",
    "automountServiceAccountToken",
    "imagePullSecrets",
    "hostNetwork",
}
POD |= {"hostname", "subdomain"}
OF_PROMETHEUS = {f"{kind}Monitor{part}Selector" for kind in ("service", "pod") for part in ("", "Namespace")}

Object = dict[str, Any]


def cut(objects: Iterable[Mapping[str, Any]]) -> list[Object]:
    """The objects of the chosen kinds and namespaces without what no test reads."""
    found = []
    for obj in objects:
        metadata, kind = obj["metadata"], obj["kind"]
        name, space = metadata["name"], metadata.get("namespace")
        chosen = (space or name) in SPACES or kind == "ValidatingWebhookConfiguration"
        if kind not in KINDS or not chosen or any(part in name for part in (*LEFT_OUT, *CONTROL_PLANE)):
            continue
        owners = [{"kind": o["kind"], "name": o["name"]} for o in metadata.get("ownerReferences") or ()]
        if any(owner["kind"] in ("StatefulSet", "Job", "ReplicaSet") for owner in owners):
            continue
        place: Object = {
            "name": name,
            **({"namespace": space} if space else {}),
            **({"ownerReferences": owners} if owners else {}),
        }
        labels = {k: v for k, v in (metadata.get("labels") or {}).items() if k == "mlops.dev/scrape" or not k.startswith(LABELS)}
        found.append({"kind": kind, "metadata": {**place, **({"labels": labels} if labels else {})}, **_body(kind, obj)})
    return found


def _body(kind: str, obj: Mapping[str, Any]) -> Object:
    if kind == "Secret":
        return {"type": obj.get("type", "Opaque"), "data": dict.fromkeys(sorted(obj.get("data") or {}), "")}
    if kind == "ConfigMap":
        return {"data": {k: v if any(mentions(str(v))) and len(v) < 4000 else "" for k, v in (obj.get("data") or {}).items()}}
    if kind == "ServiceAccount":
        return {"automountServiceAccountToken": obj.get("automountServiceAccountToken", True)}
    if kind == "ValidatingWebhookConfiguration":
        hooks = obj.get("webhooks") or ()
        return {
            "webhooks": [{"name": h["name"], "clientConfig": {"service": (h["clientConfig"]).get("service")}} for h in hooks][:1]
        }
    spec = copy.deepcopy(obj.get("spec") or {})
    if kind == "Service":
        spec = {k: spec[k] for k in ("ports", "selector", "clusterIP", "type") if k in spec}
        if spec.get("clusterIP") != "None":
            spec.pop("clusterIP", None)
    elif kind in ("Deployment", "StatefulSet", "Job"):
        template = spec["template"]
        labels = (template.get("metadata") or {}).get("labels") or {}
        kept = {k: v for k, v in labels.items() if not k.startswith("mlops.dev/")}
        spec = {k: spec[k] for k in ("replicas", "serviceName") if k in spec}
        spec["template"] = {"metadata": {"labels": kept}, "spec": _pod(template["spec"])}
    elif kind == "Pod":
        spec = _pod(spec)
    elif kind == "Prometheus":
        spec = {k: spec[k] for k in OF_PROMETHEUS if k in spec}
    elif kind == "PerconaServerMySQL":
        spec = {"backup": {"storages": (spec.get("backup") or {}).get("storages") or {}}}
    elif kind == "Kafka":
        spec = {"kafka": {"listeners": spec["kafka"]["listeners"]}}
    return {"spec": spec}


def _pod(spec: Mapping[str, Any]) -> Object:
    pod = {key: spec[key] for key in sorted(POD) if spec.get(key) is not None}
    for part in ("containers", "initContainers"):
        if part in pod:
            pod[part] = [{k: c[k] for k in sorted(CONTAINER) if c.get(k)} for c in pod[part]]
    return pod


@functools.cache
def _read() -> str:
    return FILE.read_text()


def source() -> str:
    """Where the objects come from: a cluster, or the program under mocks."""
    return str(json.loads(_read())["source"])


def cluster() -> list[Object]:
    """A fresh copy of the objects, to be changed at will."""
    found: list[Object] = json.loads(_read())["objects"]
    return found


def one(objects: list[Object], kind: str, name: str) -> Object:
    """The one object of that kind and name (its beginning is enough)."""
    found = [o for o in objects if o["kind"] == kind and o["metadata"]["name"] == name]
    found = found or [o for o in objects if o["kind"] == kind and o["metadata"]["name"].startswith(name)]
    assert len(found) == 1, [o["metadata"]["name"] for o in found] or [
        o["metadata"]["name"] for o in objects if o["kind"] == kind
    ]
    return found[0]


def main(arguments: list[str]) -> None:
    """Write the file."""
    if "--rendered" in arguments:
        from cli.stackfile import load
        from cli.wiring.stack import rendered

        found, origin = rendered(load("sandbox")), "the program of stack sandbox under mocks, with simulated operators"
    else:
        from cli.live import Cluster

        found, origin = Cluster.connect(os.environ).everything(), "a cluster after `pulumi up` of stack sandbox"
    found.sort(key=lambda o: (o["kind"], o["metadata"].get("namespace") or "", o["metadata"]["name"]))
    FILE.parent.mkdir(exist_ok=True)
    lines = ",\n".join(json.dumps(obj, sort_keys=True) for obj in cut(found))
    FILE.write_text(f'{{"source": {json.dumps(origin)},\n"objects": [\n{lines}\n]}}\n')
    print(f"wrote {FILE.name}: {len(cluster())} objects")


if __name__ == "__main__":
    main(sys.argv[1:])
