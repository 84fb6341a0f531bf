"""From an address that somebody says to the Service, port, pods, certificate, Secret and NetworkPolicies that make it true."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from cli.wiring import policies, trust
from cli.wiring.hosts import API, OUTSIDE, Host, Lost, find
from cli.wiring.index import Index, Opening, Template, openings, pod_port
from cli.wiring.reading import Reading
from cli.wiring.records import Connection, Place, Problem, nearest

CREDENTIAL = re.compile(r"user|login|pass|token|key|secret|account|jaas|auth|credential", re.IGNORECASE)
FAMILIES = {"S3": "AWS", "AWS": "AWS", "ENDPOINT": "AWS", "BUCKET": "AWS", "MC": "AWS"}
"""Beginnings of variables that go with others of another name."""
GIT = re.compile(r"(^|[_.\b])git($|[_.\b])|gitsync|repositor", re.IGNORECASE)
"""What names a repository."""
NO_CALL = re.compile(
    r"(CERT_NAME|SERVER_NAME|ROOT_URL|EXTERNAL_URL|PUBLIC_URL|BASE_URL|FRONTEND_BASE|ALLOWED_HOSTS|NO_PROXY)$", re.IGNORECASE
)
"""Variables with names that are not called: what a certificate must say, where browsers find the server."""


class Resolver:
    """Resolves readings against one look at a cluster."""

    def __init__(self, index: Index):
        self._index = index
        self._tls = trust.tls_ports(index)

    def resolve(self, reading: Reading) -> Iterator[Connection | Problem]:
        """The connection, or all that is wrong with it; nothing for what names the reader itself or is no address."""
        mention, place = reading.mention, reading.place
        if NO_CALL.search(reading.variable):
            return
        known = bool(mention.scheme) or (reading.firm and "." in mention.host)
        try:
            host = find(self._index, mention.host, place.namespace, known)
        except Lost as lost:
            yield Problem(lost.kind, place, reading.where, str(lost))
            return
        if host is None:
            return
        if host.place == API:
            yield self._connection(reading, host.place, mention.port, tls=True, trusted="the ServiceAccount's own CA")
        elif host.place.kind in (OUTSIDE, "HTTPRoute"):
            yield from self._outside(reading, host.place)
        else:
            yield from self._service(reading, host)

    def _service(self, reading: Reading, host: Host) -> Iterator[Connection | Problem]:
        mention, service = reading.mention, host.service or {}
        spec = service.get("spec") or {}
        if spec.get("type") == "ExternalName":
            try:
                found = find(self._index, str(spec.get("externalName")), host.place.namespace, True)
            except Lost as lost:
                yield Problem(lost.kind, reading.place, reading.where, f"{host.place} points to {lost}")
                return
            if found is not None and found.service is not None:
                yield from self._service(reading, found)
            else:
                yield self._connection(reading, host.place, mention.port, tls=mention.tls)
            return
        targets = self._index.selected(host.place.namespace, spec.get("selector"))
        if host.pod:
            targets = [t for t in targets if host.pod == t.place.name or host.pod.startswith(f"{t.place.name}-")]
        if not targets:
            if self._behind(host.place):
                yield self._connection(reading, host.place, mention.port, tls=mention.tls)
            else:
                chosen = ", ".join(f"{k}={v}" for k, v in sorted((spec.get("selector") or {}).items()))
                yield Problem(
                    "pods", reading.place, reading.where, f"{mention}: {host.place} selects no pods ({chosen or 'no selector'})"
                )
            return
        if reading.template in targets and len(targets) == 1:
            # a server that is told of itself
            return
        if mention.port is None:
            yield self._connection(reading, host.place, None, tls=mention.tls)
            return
        opening = self._opening(mention.port, service, targets)
        if opening is None:
            ports = {f"{o.number}" + (f" ({o.name})" if o.name else ""): o for o in openings(service)}
            yield Problem(
                "port",
                reading.place,
                reading.where,
                f"{mention}: {host.place} has no port {mention.port}{nearest(str(mention.port), ports)}",
            )
            return
        yield from self._port(reading, host, opening, targets)

    def _opening(self, port: int, service: Mapping[str, Any], targets: list[Template]) -> Opening | None:
        """The Service's port; behind a headless one every port of its pods."""
        for opening in openings(service):
            if opening.number == port:
                return opening
        headless = (service.get("spec") or {}).get("clusterIP") == "None"
        declared = {number: name for t in targets for name, number, _ in t.ports()}
        return Opening(declared[port], port, port, "TCP", "") if headless and port in declared else None

    def _port(self, reading: Reading, host: Host, opening: Opening, targets: list[Template]) -> Iterator[Connection | Problem]:
        mention, place = reading.mention, reading.place
        serving = [(t, number) for t in targets if (number := pod_port(t, opening.target)) is not None]
        if not serving:
            there = {str(number if isinstance(opening.target, int) else name) for t in targets for name, number, _ in t.ports()}
            said = f"{mention}: port {opening.number} of {host.place} goes to {opening.target}, which its pods do not have"
            yield Problem("port", place, reading.where, said + nearest(str(opening.target), there))
            return
        # one plain and one encrypted port of the same name do not occur: a scheme decides, else what the server shows
        encrypted = (host.place.namespace, host.place.name, opening.number) in self._tls or trust.speaks_tls(opening, targets)
        tls = mention.tls or (mention.scheme != "http" and (encrypted or _told_of_a_ca(reading)))
        if mention.scheme == "http" and encrypted:
            yield Problem("tls", place, reading.where, f"{mention}: {host.place} speaks TLS there, and http:// does not")
        trusted = self._trusted(reading) if tls else ""
        if tls and not trusted and self._must_trust(reading):
            yield Problem(
                "ca", place, reading.where, f"{mention} speaks TLS, and nothing that {place} mounts or names holds a CA"
            )
        passed = {"egress": "", "ingress": ""}
        for source in [reading.template] if reading.template else reading.made:
            for template, number in serving:
                yield from self._passes(reading, source, template, number, passed)
        yield self._connection(reading, host.place, opening.number, tls=tls, trusted=trusted, **passed)

    def _passes(
        self, reading: Reading, source: Template, target: Template, port: int, passed: dict[str, str]
    ) -> Iterator[Problem]:
        if source is target:
            return
        out = policies.lets_out(self._index, source, policies.Peer.of(target), port)
        into = policies.lets_in(self._index, target, policies.Peer.of(source), port)
        if out is None:
            said = f"no NetworkPolicy of namespace {source.place.namespace} lets it out to {target.place} port {port}"
            yield Problem("egress", reading.place, reading.where, f"{reading.mention}: {said}")
        if into is None:
            said = f"no NetworkPolicy of namespace {target.place.namespace} lets {source.place} in to {target.place} port {port}"
            yield Problem("ingress", reading.place, reading.where, f"{reading.mention}: {said}")
        passed.update(egress=out or passed["egress"], ingress=into or passed["ingress"])

    def _outside(self, reading: Reading, target: Place) -> Iterator[Connection | Problem]:
        """What is not in the cluster: a pod that is told of it by a variable or argument must be let out."""
        mention, source = reading.mention, reading.template
        if not reading.firm or not mention.scheme or source is None or reading.place.kind != source.place.kind:
            return
        port = mention.port or 443
        out = policies.lets_out(self._index, source, policies.WORLD, port)
        if out is None:
            said = f"{mention}: no NetworkPolicy of namespace {source.place.namespace} lets it out of the cluster to port {port}"
            kind = (
                "git"
                if GIT.search(reading.variable) or GIT.search(reading.where) or mention.scheme in ("git", "ssh")
                else "egress"
            )
            yield Problem(kind, reading.place, reading.where, said)
        yield self._connection(reading, target, mention.port, tls=mention.tls, egress=out or "")

    def _behind(self, service: Place) -> bool:
        """Whether something stands behind a Service without a selector: endpoints that somebody wrote."""
        sliced = [
            s
            for s in self._index.all("EndpointSlice", service.namespace)
            if ((s["metadata"].get("labels") or {}).get("kubernetes.io/service-name")) == service.name and s.get("endpoints")
        ]
        written = (self._index.get("Endpoints", service.namespace, service.name) or {}).get("subsets")
        selector = ((self._index.get("Service", service.namespace, service.name) or {}).get("spec") or {}).get("selector")
        return bool((sliced or written) and not selector)

    def _trusted(self, reading: Reading) -> str:
        """By the container, by its pod, by the file or object that names the address, by the pods that serve the object."""
        index, place, template = self._index, reading.place, reading.template
        if template is not None:
            own = reading.container or None
            found = trust.of_pod(index, template, own) or trust.of_pod(index, template, None)
            if found or template.place == place:
                return found or trust.of_text(index, place.namespace, reading.text)
        found = trust.of_object(index, place.namespace, index.get(place.kind, place.namespace, place.name))
        servers = index.in_namespace(place.namespace) if template is None else ()
        return found or next((held for t in servers if (held := trust.of_pod(index, t, None))), "")

    def _must_trust(self, reading: Reading) -> bool:
        """A ConfigMap that no pod mounts is read by a controller that is not to be seen here."""
        return reading.template is not None or reading.place.kind != "ConfigMap"

    def _connection(
        self,
        reading: Reading,
        target: Place,
        port: int | None,
        *,
        tls: bool,
        trusted: str = "",
        egress: str = "",
        ingress: str = "",
    ) -> Connection:
        source = reading.template.place if reading.template else reading.place
        where = reading.where if source == reading.place else f"{reading.place.kind} {reading.place.name} {reading.where}"
        secrets = tuple(sorted(set(self._secrets(reading))))
        return Connection(source, where, str(reading.mention), target, port, tls, trusted, secrets, egress, ingress)

    def _secrets(self, reading: Reading) -> Iterator[str]:
        """Secrets with what looks like the credentials of this connection: beside its variable, else all of the container's."""
        if reading.secrets:
            yield from reading.secrets
            return
        template = reading.template
        containers = [reading.container] if reading.container else template.containers if template else []
        refs = dict(ref for container in containers for ref in _credentials(container))
        words = reading.variable.split("_")
        families = {FAMILIES[word] for word in words if word in FAMILIES} or {words[0]}
        beside = [name for variable, name in refs.items() if variable.split("_")[0] in families]
        if refs:
            yield from beside or refs.values()
        elif template is not None:
            mounted = {m["name"] for container in containers for m in container.get("volumeMounts") or ()}
            for name, volume in template.volumes().items():
                for kind, held, keys in trust.sources(self._index, template.place.namespace, volume) if name in mounted else ():
                    if kind == "Secret" and any(CREDENTIAL.search(key) and not key.startswith("tls.") for key in keys):
                        yield held


def _credentials(container: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(variable, Secret) of what looks like a credential."""
    for variable in container.get("env") or ():
        ref = (variable.get("valueFrom") or {}).get("secretKeyRef")
        if ref and CREDENTIAL.search(variable["name"] + str(ref.get("key"))):
            yield variable["name"], str(ref["name"])


def _told_of_a_ca(reading: Reading) -> bool:
    """Whether a variable that goes with the address's names a file of certificates: DB_CA with DB_HOST."""
    first = reading.variable.split("_")[0]
    return bool(first) and any(
        variable["name"].startswith(f"{first}_")
        and trust.CA_VARIABLE.search(variable["name"])
        and "/" in str(variable.get("value"))
        for variable in reading.container.get("env") or ()
    )
