"""What pods need beside the connections that somebody wrote down: DNS, the API server, webhooks, scrapes, routes, images."""

from collections.abc import Iterator

from cli.wiring import monitors, routes
from cli.wiring.index import Index, Template, openings, pod_port
from cli.wiring.policies import ANYWHERE, DNS, lets_in, lets_out
from cli.wiring.records import Flow, Place, Problem, nearest

API_PORTS = (6443, 443)
"""Where API servers listen: kubeadm's default, and behind the Service `kubernetes` or in managed clusters."""
WEBHOOKS = ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration")
Found = Iterator[Flow | Problem]


def flows(index: Index) -> Found:
    """Every flow, or what keeps it from being."""
    for template in index.templates:
        yield from _dns(index, template)
        yield from _api(index, template)
        yield from _images(index, template)
    yield from _webhooks(index)
    yield from monitors.scrapes(index)
    yield from routes.routes(index)


def _dns(index: Index, template: Template) -> Found:
    passed = [lets_out(index, template, DNS, 53, protocol) for protocol in ("UDP", "TCP")]
    if None in passed:
        space = template.place.namespace
        said = f"no NetworkPolicy of namespace {space} lets it ask the cluster's DNS (kube-system, port 53 UDP and TCP)"
        yield Problem("dns", template.place, "names", said)
    else:
        yield Flow("dns", template.place, "kube-system:53", passed[0] or "")


def token(index: Index, template: Template) -> bool:
    """Whether its pods get an API token: the pod says, else its ServiceAccount; or a volume brings one."""
    projected = (
        source for volume in template.volumes().values() for source in (volume.get("projected") or {}).get("sources") or ()
    )
    if any("serviceAccountToken" in source and not source["serviceAccountToken"].get("audience") for source in projected):
        return True
    own = template.spec.get("automountServiceAccountToken")
    if own is not None:
        return bool(own)
    name = account(template)
    held = index.get("ServiceAccount", template.place.namespace, name) or {}
    # everybody has a ServiceAccount `default`; what does not name another one wants nothing of the API server
    return name != "default" and held.get("automountServiceAccountToken") is not False


def account(template: Template) -> str:
    """Name of the ServiceAccount."""
    return str(template.spec.get("serviceAccountName") or template.spec.get("serviceAccount") or "default")


def _api(index: Index, template: Template) -> Found:
    name, space = account(template), template.place.namespace
    if name != "default" and index.get("ServiceAccount", space, name) is None:
        hint = nearest(name, index.names("ServiceAccount", space))
        yield Problem("account", template.place, "serviceAccountName", f"no ServiceAccount {space}/{name}{hint}")
    if not token(index, template):
        return
    passed = [found for port in API_PORTS if (found := lets_out(index, template, ANYWHERE, port)) is not None]
    if passed:
        yield Flow("api", template.place, "the API server", passed[0])
    else:
        said = f"it has an API token, and no NetworkPolicy of namespace {space} lets it out to port 6443 or 443"
        yield Problem("api", template.place, f"ServiceAccount {name}", said)


def _images(index: Index, template: Template) -> Found:
    space = template.place.namespace
    held = index.get("ServiceAccount", space, account(template)) or {}
    for ref in (*(template.spec.get("imagePullSecrets") or ()), *(held.get("imagePullSecrets") or ())):
        name = str(ref.get("name"))
        secret = index.get("Secret", space, name)
        if secret is None:
            hint = nearest(name, index.names("Secret", space))
            yield Problem("image", template.place, "imagePullSecrets", f"no Secret {space}/{name}{hint}")
        elif secret.get("type") not in ("kubernetes.io/dockerconfigjson", "kubernetes.io/dockercfg", None):
            said = f"Secret {space}/{name} is of type {secret.get('type')}; expected kubernetes.io/dockerconfigjson"
            yield Problem("image", template.place, "imagePullSecrets", said)
    for container in template.containers:
        if not container.get("image"):
            yield Problem("image", template.place, f"container {container.get('name')}", "names no image")
        else:
            yield Flow("image", template.place, str(container["image"]))


def _webhooks(index: Index) -> Found:
    for kind in WEBHOOKS:
        for obj in index.all(kind):
            for hook in obj.get("webhooks") or ():
                if service := (hook.get("clientConfig") or {}).get("service"):
                    place = Place(kind, "", str(obj["metadata"]["name"]))
                    yield from _webhook(index, place, str(hook.get("name")), service)
    for obj in index.all("CustomResourceDefinition"):
        conversion = (obj.get("spec") or {}).get("conversion") or {}
        if service := ((conversion.get("webhook") or {}).get("clientConfig") or {}).get("service"):
            place = Place("CustomResourceDefinition", "", str(obj["metadata"]["name"]))
            yield from _webhook(index, place, "conversion", service)
    for obj in index.all("APIService"):
        if service := (obj.get("spec") or {}).get("service"):
            yield from _webhook(index, Place("APIService", "", str(obj["metadata"]["name"])), "service", service)


def _webhook(index: Index, place: Place, where: str, ref: dict[str, object]) -> Found:
    space, name, port = str(ref.get("namespace")), str(ref.get("name")), int(str(ref.get("port") or 443))
    service = index.get("Service", space, name)
    if service is None:
        yield Problem("webhook", place, where, f"no Service {space}/{name}{nearest(name, index.names('Service', space))}")
        return
    opening = next((o for o in openings(service) if o.number == port), None)
    if opening is None:
        known = nearest(str(port), [str(o.number) for o in openings(service)])
        yield Problem("webhook", place, where, f"Service {space}/{name} has no port {port}{known}")
        return
    targets = index.selected(space, (service.get("spec") or {}).get("selector"))
    if not targets:
        yield Problem("webhook", place, where, f"Service {space}/{name} selects no pods")
    for target in targets:
        # a number need not be declared: the Flink operator's webhook listens on one that its chart does not
        number = opening.target if isinstance(opening.target, int) else pod_port(target, opening.target)
        if number is None:
            known = nearest(str(opening.target), [name or str(number) for name, number, _ in target.ports()])
            yield Problem(
                "webhook",
                place,
                where,
                f"Service {space}/{name} goes to port {opening.target}, which {target.place} lacks{known}",
            )
        elif (passed := lets_in(index, target, ANYWHERE, number)) is None:
            said = f"no NetworkPolicy of namespace {space} lets the API server in to {target.place} port {number}"
            yield Problem("webhook", place, where, said)
        else:
            yield Flow("webhook", Place("API server", "", ""), f"{target.place} port {number}", passed)
