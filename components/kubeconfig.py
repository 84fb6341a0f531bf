"""Kubeconfigs that hold no credential: the user logs in by its cloud's own command."""

import json
from collections.abc import Mapping, Sequence

import pulumi

EXEC_API = "client.authentication.k8s.io/v1beta1"


def by_command(
    cluster: str,
    server: pulumi.Input[str],
    authority: pulumi.Input[str],
    command: str,
    arguments: Sequence[pulumi.Input[str]],
    environment: Mapping[str, pulumi.Input[str]] | None = None,
    hint: str = "",
    cluster_info: bool = False,
    after: Sequence[pulumi.Input[object]] = (),
) -> pulumi.Output[str]:
    """Kubeconfig (JSON, secret) of one cluster: https `server`, `authority` (base64 of its CA's PEM), login by `command`.

    `cluster_info` tells the command of the cluster.
    Known only once everything of `after` is. Source: Kubernetes, "client-go credential plugins".
    """

    def text(known: Mapping[str, object]) -> str:
        user = {
            "exec": {
                "apiVersion": EXEC_API,
                "command": command,
                "args": known["arguments"],
                "env": [{"name": name, "value": value} for name, value in sorted(dict(known["environment"]).items())],  # type: ignore[call-overload]
                "interactiveMode": "IfAvailable",
                "provideClusterInfo": cluster_info,
                "installHint": hint,
            }
        }
        return json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": cluster,
                "clusters": [
                    {"name": cluster, "cluster": {"server": known["server"], "certificate-authority-data": known["authority"]}}
                ],
                "users": [{"name": cluster, "user": user}],
                "contexts": [{"name": cluster, "context": {"cluster": cluster, "user": cluster}}],
            }
        )

    parts = pulumi.Output.all(
        server=server,
        authority=authority,
        arguments=pulumi.Output.all(*arguments),
        environment=pulumi.Output.all(**(environment or {})),
        after=pulumi.Output.all(*after),
    )
    return pulumi.Output.secret(parts.apply(text))
