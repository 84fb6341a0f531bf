"""What a stack makes, the policies see."""

from collections.abc import Iterator

from policies.model import Facts, Finding, Level, Resource, Rule

RELEASE = "kubernetes:helm.sh/v3:Release"
REMEDY = "Render it with helm.v4.Chart, or say why its hooks must run in policies/exceptions.yaml"


def check(resource: Resource, facts: Facts) -> Iterator[Finding]:
    """A Helm release: its objects are made by Helm, and no policy judges their pods."""
    if resource.type == RELEASE:
        yield Finding("chart", "a helm.v3.Release hides its objects from the policies", REMEDY)


RULE = Rule("seen-by-policies", "Every object passes by the policies.", Level.STANDARD, check)
