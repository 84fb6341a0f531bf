"""Vertex AI Workbench."""

from __future__ import annotations

from sandbox.providers.cloud.spec import Name, Spec
from sandbox.providers.gcp.spec import COMMON, RFC1035, GcpSpec
from sandbox.providers.gcp.tables.access import member

TYPES: dict[str, Spec] = {
    "gcp:workbench/instance:Instance": GcpSpec(
        name=Name("name", 63, lower=True, allowed=r"[a-z0-9-]"),
        replace=("location", "project", "instanceId", "instanceOwners", "gceSetup.disablePublicIp", "gceSetup.networkInterfaces"),
        id="projects/{project}/locations/{location}/instances/{name}",
        patterns={"name": RFC1035, "location": r"[a-z]+-[a-z]+\d+-[a-z]", "gceSetup.tags": RFC1035},
        choices={"gceSetup.bootDisk.diskEncryption": ("GMEK", "CMEK"), "gceSetup.dataDisks.diskEncryption": ("GMEK", "CMEK")},
        references={
            "gceSetup.networkInterfaces.network": "network",
            "gceSetup.networkInterfaces.subnet": "subnetwork",
            "gceSetup.serviceAccounts.email": "service account",
        },
        keys={"gceSetup.bootDisk.kmsKey": "compute-system", "gceSetup.dataDisks.kmsKey": "compute-system"},
        outputs={
            **COMMON,
            "state": "ACTIVE",
            "healthState": "HEALTHY",
            "proxyUri": "{hash:.16}-dot-{region}.notebooks.googleusercontent.com",
            "creator": "",
        },
    ),
    "gcp:workbench/instanceIamMember:InstanceIamMember": member(
        "name", "projects/{project}/locations/{place}/instances/{name}/{role}/{member}", "Workbench instance"
    ),
}
