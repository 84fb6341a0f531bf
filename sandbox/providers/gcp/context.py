"""Where a call stands on Google Cloud: project, number, region; and how the same thing is named in several ways."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from typing import Any

from sandbox.providers.cloud.spec import Context, Json
from sandbox.providers.model import Call
from sandbox.providers.values import UNKNOWN

PROJECT_VARIABLES = ("GOOGLE_PROJECT", "GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT", "CLOUDSDK_CORE_PROJECT")
"""Where the provider looks for a project that its configuration does not name, in this order."""
LINK = re.compile(r"^(?:https:)?//[a-z.]+googleapis\.com/(?:[a-z]+/v\d[a-z0-9]*/)?")
ZONE = re.compile(r"^([a-z]+-[a-z]+\d+)-[a-z]$")
REGIONAL = re.compile(r"/(?:regions|locations)/([^/]+)/")


def project_of(config: Mapping[str, Any]) -> str:
    """The project of a provider: its configuration, else the environment; empty where neither says it."""
    named = config.get("project")
    if isinstance(named, str) and named:
        return named
    return next((os.environ[name] for name in PROJECT_VARIABLES if os.environ.get(name)), "")


def number_of(project: str) -> str:
    """The project's number, 12 digits, always the same for a name."""
    return str(10**11 + int(hashlib.sha256(project.encode()).hexdigest()[:9], 16))[:12]


class GcpContext(Context):
    """One call: `project` is the resource's own, else the provider's; `region` comes from its region, location or zone."""

    def __init__(self, call: Call) -> None:
        inputs = {**call.old_inputs, **call.inputs}
        self.gcp_project = self._text(inputs.get("project")) or project_of(call.config)
        self.number = number_of(self.gcp_project)
        self.place = self._text(inputs.get("region")) or self._text(inputs.get("location"))
        region = self.place or self._text(call.config.get("region")) or ""
        super().__init__(call, region_of(region), self.gcp_project)

    @staticmethod
    def _text(value: Any) -> str:
        return value if isinstance(value, str) and value is not UNKNOWN else ""

    def values(self) -> Json:
        """With the Google project in place of Pulumi's, its number, the location as written, and the default labels."""
        labels = self.call.config.get("defaultLabels")
        return {
            **super().values(),
            "project": self.gcp_project,
            "number": self.number,
            "place": self.place or self.region,
            "defaultLabels": labels if isinstance(labels, Mapping) else {},
        }

    def path(self, name: str) -> str:
        """A self link, a name with the project's number, or an id, as the id."""
        return LINK.sub("", name).replace(f"projects/{self.number}/", f"projects/{self.gcp_project}/", 1)


def region_of(place: str) -> str:
    """The region of a zone; everything else as it is, in small letters."""
    found = ZONE.match(place.lower())
    return found[1] if found else place.lower()


def region_in(path: str) -> str:
    """The region or location that a resource's name holds; empty for a global one."""
    found = REGIONAL.search(f"/{path}/")
    return region_of(found[1]) if found and found[1] != "global" else ""
