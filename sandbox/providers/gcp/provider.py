"""The simulated `gcp` provider: every type is an entry of home()/gcp/state.db, held to Google Cloud's own rules.

No emulator of these control planes is to be had, so what the schema cannot say is written down here: names, the API that
must be enabled first, things that a resource refers to, who must be allowed to use a key before it encrypts anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sandbox import paths
from sandbox.providers.cloud.engine import Cloud
from sandbox.providers.cloud.outputs import Outputs
from sandbox.providers.cloud.spec import Context, Json, Spec
from sandbox.providers.cloud.store import Store
from sandbox.providers.gcp import invokes
from sandbox.providers.gcp.context import GcpContext, project_of, region_in
from sandbox.providers.gcp.shapes import GcpOutputs
from sandbox.providers.gcp.spec import COMMON, GcpSpec, labels
from sandbox.providers.gcp.tables import KINDS, SERVICES, table
from sandbox.providers.model import Call, Changes, Checked, Failure
from sandbox.providers.schema import Package, Resource
from sandbox.providers.values import UNKNOWN, bare

SERVICE = "gcp:projects/service:Service"
BINDING = "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember"
IDENTITY = "gcp:projects/serviceIdentity:ServiceIdentity"
VERSION = "gcp:secretmanager/secretVersion:SecretVersion"
SECRET = "gcp:secretmanager/secret:Secret"
DOCUMENT = "mlops-document"
"""Label of a secret that holds what a platform published to a team, which is no secret: kept as it is."""
USE_KEY = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
PRINCIPAL = re.compile(r"^(allUsers|allAuthenticatedUsers|(user|group|serviceAccount|domain):\S+|principal(Set)?://\S+)$")
OWN_AGENTS = ("gs-project-accounts", "compute-system", "serverless-robot-prod")
"""Domains of service agents that are there as soon as their API is enabled; others come with a ServiceIdentity."""
BORN = ("gcp-sa-bigquery-condel", "gcp-sa-logging")
"""Domains of accounts that come with a resource (a BigQuery connection), or with the project (Cloud Logging's for keys)."""


class Gcp(Cloud):
    """Everything schema-only."""

    name = "gcp"
    common = GcpSpec(outputs=COMMON)

    def __init__(self) -> None:
        super().__init__(Package("gcp"), Store(paths.home() / "gcp"))
        self.table = table()

    def check_config(self, call: Call) -> Checked:
        """A provider stands in a project."""
        known = call.inputs.get("project") is UNKNOWN or project_of(call.inputs)
        return Checked(call.inputs, [] if known else [("project", "required, and neither set here nor in GOOGLE_PROJECT")])

    def diff_config(self, call: Call) -> Changes:
        """Another project is another cloud: everything in it is replaced."""
        return Changes.between(
            call.old_inputs, call.inputs, replaces=lambda path: path[0] == "project", skip=lambda path: path[0] == "version"
        )

    def context(self, call: Call) -> GcpContext:
        """Project and place of the call."""
        return GcpContext(call)

    def outputs(self, call: Call, resource: Resource, spec: Spec, inputs: Mapping[str, Any]) -> Outputs:
        """With what is computed inside of inputs."""
        return GcpOutputs(resource, spec, self.context(call), self.tags(call, resource, inputs))

    def check(self, call: Call) -> Checked:
        """What the schema says, then the cloud's rules for names."""
        checked = super().check(call)
        spec = self.table.get(call.type)
        if checked.failures or not isinstance(spec, GcpSpec):
            return checked
        failures = []
        for path, pattern in spec.patterns.items():
            for value in _texts(checked.inputs, path.split(".")):
                if not re.fullmatch(pattern, value):
                    failures.append((path, f'"{value}" does not match {pattern}'))
        for path in spec.members:
            for value in _texts(checked.inputs, [path]):
                if not PRINCIPAL.match(value):
                    failures.append((path, f'"{value}": expected user:, group:, serviceAccount: or domain: before the name'))
        return Checked(checked.inputs, failures)

    def diff(self, call: Call) -> Changes:
        """With a change of the provider's default labels."""
        changes = super().diff(call)
        recorded = call.old_outputs.get("effectiveLabels")
        if not changes and isinstance(recorded, Mapping) and UNKNOWN not in call.inputs.values():
            wanted = labels({**call.inputs, "defaultLabels": call.config.get("defaultLabels") or {}})
            if dict(recorded) != wanted:
                changes.paths = {("effectiveLabels",): "update"}
        return changes

    def exists(self, cx: Context, kind: str, id: str) -> bool:
        """An entry of the state file, by id, self link or short name, in the resource's own region."""
        assert isinstance(cx, GcpContext)
        tokens, template = KINDS[kind]
        path = cx.path(id)
        if "/" not in path:
            values = {**cx.values(), "ref": path, "account": path.partition("@")[0]}
            path = template.format_map(values)
        elsewhere = region_in(path)
        if elsewhere and cx.place and elsewhere != cx.region:
            raise Failure(f'{kind} "{id}" is in {elsewhere}, and this is in {cx.region}')
        return self.store.exists(tokens, path)

    def invoke(self, call: Call) -> Json:
        """Functions of the package."""
        return invokes.invoke(self.context(call), self.store)

    def _references(self, call: Call, spec: Spec) -> None:
        cx = self.context(call)
        service = SERVICES.get(call.type.split(":")[1].partition("/")[0])
        if service and call.type != SERVICE and not self.store.exists((SERVICE,), f"{cx.gcp_project}/{service}"):
            raise Failure(f"{service} has not been used in project {cx.gcp_project} before or it is disabled (SERVICE_DISABLED)")
        super()._references(call, spec)
        if not isinstance(spec, GcpSpec):
            return
        for path, agent in spec.keys.items():
            for key in _texts(call.inputs, path.split(".")):
                self._usable(cx, path, cx.path(key), agent)
        for path in spec.members:
            for member in _texts(call.inputs, [path]):
                self._known(cx, path, member)
        if spec.rule and (problem := spec.rule(call.inputs, lambda kind, id: self.exists(cx, kind, id))):
            raise Failure(problem)

    def _read_back(self, call: Call, spec: Spec, outputs: Outputs, id: str) -> tuple[Json, Json]:
        computed, found = super()._read_back(call, spec, outputs, id)
        if call.type == VERSION and not call.preview:
            secret = self.store.by_id(SECRET, str(call.inputs.get("secret")))
            if secret and (secret.inputs.get("labels") or {}).get(DOCUMENT) == "true":
                computed["published"] = bare(call.inputs.get("secretData"))  # names and addresses: a team's stack reads it
        return computed, found

    def _usable(self, cx: GcpContext, path: str, key: str, agent: str) -> None:
        if not self.exists(cx, "crypto key", key):
            raise Failure(f'{path}: there is no crypto key "{key}"')
        who = agent if "@" in agent else f"service-{{number}}@{agent}"
        member = f"serviceAccount:{who.format(number=cx.number)}.iam.gserviceaccount.com"
        if not self.store.exists((BINDING,), f"{key}/{USE_KEY}/{member}"):
            raise Failure(f"{path}: {member} does not have {USE_KEY} on {key}")

    def _known(self, cx: GcpContext, path: str, member: str) -> None:
        kind, _, email = member.partition(":")
        if kind != "serviceAccount" or not email.endswith(".iam.gserviceaccount.com"):
            return
        domain = email.partition("@")[2].removesuffix(".iam.gserviceaccount.com")
        if domain == cx.gcp_project:
            there = self.exists(cx, "service account", email)
        elif domain.startswith("gcp-sa-") and domain not in BORN:
            there = any(
                self.store.exists((IDENTITY,), f"projects/{cx.gcp_project}/services/{service}")
                for service in invokes.services_of(domain)
            )
        else:
            there = True
        if not there:
            raise Failure(f"{path}: {email} does not exist")

    def tags(self, call: Call, resource: Resource, inputs: Mapping[str, Any]) -> dict[str, Any] | None:
        """Labels are outputs of their own here."""
        return None


def _texts(value: Any, steps: list[str]) -> Iterator[str]:
    """The known texts at a path, in every element of lists on the way."""
    if isinstance(value, list):
        for item in value:
            yield from _texts(item, steps)
    elif steps and isinstance(value, Mapping):
        yield from _texts(value.get(steps[0]), steps[1:])
    elif not steps and isinstance(value, str):
        yield value
