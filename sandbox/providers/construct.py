"""Remote components: building a component with the ordinary SDK inside a provider's process."""

from __future__ import annotations

import json
from typing import Any

import pulumi
from pulumi.provider.provider import ConstructResult
from pulumi.provider.server import ProviderServicer
from pulumi.runtime import config as runtime_config
from pulumi.runtime import settings
from pulumi.runtime.stack import wait_for_rpcs

from sandbox.providers.model import ConstructCall, Constructed, Provider

# The SDK's own translation of a request: its constructor wants a provider to call, which is done below instead.
_sdk: Any = ProviderServicer(None, [], "")  # type: ignore[arg-type]


async def construct(provider: Provider, engine: str, request: Any) -> Any:
    """Answer one ConstructRequest: set up the SDK for it, let the provider build, wait for its registrations.

    The SDK keeps its settings in context variables and each request has a context of its own, so components are built
    concurrently.
    """
    settings.reset_options(
        organization=request.organization or "organization",
        project=request.project or None,
        stack=request.stack or None,
        parallel=request.parallel or None,
        engine_address=engine,
        monitor_address=request.monitorEndpoint,
        preview=request.dryRun,
    )
    await settings._load_monitor_feature_support()  # type: ignore[no-untyped-call]
    runtime_config.set_all_config(dict(request.config), list(request.configSecretKeys))
    result: Constructed = await provider.construct(
        ConstructCall(
            type=request.type,
            name=request.name,
            inputs=await _sdk._construct_inputs(request.inputs, request.inputDependencies),
            options=_sdk._construct_options(request),
            preview=request.dryRun,
            config=_config(provider.name, request.config),
        )
    )
    response = await _sdk._construct_response(ConstructResult(urn=pulumi.Output.from_input(result.urn), state=dict(result.state)))
    await wait_for_rpcs(await_all_outstanding_tasks=False)
    return response


def _config(package: str, config: Any) -> dict[str, Any]:
    prefix = f"{package}:"
    return {key.removeprefix(prefix): _decoded(value) for key, value in config.items() if key.startswith(prefix)}


def _decoded(value: str) -> Any:
    try:
        return json.loads(value) if value[:1] in "{[tf" else value
    except ValueError:
        return value
