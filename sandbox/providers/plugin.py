"""The gRPC server of a simulated provider: engine requests to `Provider` methods and back."""

from __future__ import annotations

import asyncio
import inspect
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import grpc.aio
from google.protobuf.empty_pb2 import Empty

from sandbox.engine import protos
from sandbox.engine.process import log_unexpected, serve_until_stopped
from sandbox.faults import FaultError, Faults
from sandbox.providers.model import Call, Changes, Checked, CheckFailed, Created, Failure, Found, InitFailed, Provider
from sandbox.providers.notes import warn
from sandbox.providers.values import Secrets, merge, unwrap, wrap

pb, pb_grpc, plugin_pb, status_pb = protos.load("provider_pb2", "provider_pb2_grpc", "plugin_pb2", "status_pb2")
_THROTTLE_TRIES = 5
_Struct = Any
_Context = Any


class Servicer(pb_grpc.ResourceProviderServicer):  # type: ignore[misc, name-defined]
    """One plugin process: one provider, one or more connections of the engine, each with its own configuration."""

    def __init__(self, provider: Provider, engine: str) -> None:
        self.provider = provider
        self.engine = engine
        self.pool = ThreadPoolExecutor(max_workers=64, thread_name_prefix=provider.name)
        self.configs: dict[str, dict[str, Any]] = {}
        self.last_config: dict[str, Any] = {}

    # -- helpers ------------------------------------------------------------------------------------------------------

    async def run(self, method: Any, *args: Any) -> Any:
        """Call a provider's method, on the loop when it is async, else in a thread."""
        if inspect.iscoroutinefunction(method):
            return await method(*args)
        return await asyncio.get_running_loop().run_in_executor(self.pool, method, *args)

    def call(self, op: str, request: Any, context: _Context, **structs: _Struct) -> Call:
        """The request as a `Call`; `structs` are the fields inputs, old_inputs and old_outputs."""
        secrets = Secrets()
        values: dict[str, Any] = {key: unwrap(struct, secrets) for key, struct in structs.items()}
        urn = getattr(request, "urn", "")
        return Call(
            op=op,
            urn=urn,
            type=getattr(request, "type", "") or _type(urn),
            name=getattr(request, "name", "") or urn.rsplit("::", 1)[-1],
            id=getattr(request, "id", ""),
            preview=getattr(request, "preview", False),
            timeout=getattr(request, "timeout", 0.0),
            ignore_changes=tuple(getattr(request, "ignoreChanges", ())),
            config=self.configs.get(context.peer(), self.last_config),
            secrets=secrets,
            **values,
        )

    async def do(self, method: Any, call: Call, context: _Context) -> Any:
        """Run one operation with its faults; failures end the RPC with the right status."""
        faults: Faults = self.provider.faults
        try:
            if not call.preview:
                await self._before(faults, call)
            answer = await self.run(method, call)
            if not call.preview:
                answer = self._after(faults, call, answer)
        except InitFailed as error:
            await context.abort_with_status(_init_failed(error, call.secrets))
        except (Failure, FaultError) as error:
            await context.abort(grpc.StatusCode.UNKNOWN, str(error))
        except (asyncio.CancelledError, grpc.aio.AbortError):
            raise
        except Exception as error:
            where = log_unexpected(f"provider-{self.provider.name}", error)
            text = f"{call.op} of {call.type} {call.name}: {type(error).__name__}: {error}"
            await context.abort(grpc.StatusCode.INTERNAL, f"simulated {self.provider.name} provider: {text} (details: {where})")
        return answer

    async def _before(self, faults: Faults, call: Call) -> None:
        for attempt in range(_THROTTLE_TRIES):
            try:
                return await faults.before_async(call.op, call.type, call.name)
            except FaultError as error:
                if error.action != "throttle" or attempt == _THROTTLE_TRIES - 1:
                    raise
            await asyncio.sleep(0.1 * 2**attempt)  # as API clients do

    def _after(self, faults: Faults, call: Call, answer: Any) -> Any:
        for rule in faults.after(call.op, call.type, call.name):
            if rule.action == "drift" and isinstance(answer, Found):
                patch = rule.patch()
                answer = Found(answer.id, merge(answer.outputs, patch), merge(answer.inputs, patch))
            elif rule.action == "not-ready" and call.op in ("create", "update"):
                made = answer if isinstance(answer, Created) else Created(call.id, answer or {})
                raise InitFailed(made.id, made.outputs, [rule.message or f"injected fault: {call.type} {call.name} is not ready"])
        return answer

    # -- plugin -------------------------------------------------------------------------------------------------------

    async def Handshake(self, request: Any, context: _Context) -> Any:
        """Say what this provider understands."""
        self.engine = request.engine_address or self.engine
        return pb.ProviderHandshakeResponse(
            accept_secrets=True, accept_resources=True, accept_outputs=True, supports_autonaming_configuration=True
        )

    async def Attach(self, request: Any, context: _Context) -> Empty:
        """The engine attaches to a running plugin (PULUMI_DEBUG_PROVIDERS)."""
        self.engine = request.address
        return Empty()

    async def GetPluginInfo(self, request: Any, context: _Context) -> Any:
        """The SDK's version, marked as simulated."""
        return plugin_pb.PluginInfo(version=f"{self.provider.version}+simulated")

    async def GetSchema(self, request: Any, context: _Context) -> Any:
        """The package schema."""
        return pb.GetSchemaResponse(schema=self.provider.schema() or json.dumps({"name": self.provider.name}))

    async def Cancel(self, request: Any, context: _Context) -> Empty:
        """Pass the interruption on."""
        await self.run(self.provider.cancel)
        return Empty()

    # -- configuration ------------------------------------------------------------------------------------------------

    async def CheckConfig(self, request: Any, context: _Context) -> Any:
        """Provider resource: check."""
        call = self.call("check_config", request, context, inputs=request.news, old_inputs=request.olds)
        return _checked(await self.do(self.provider.check_config, call, context), call)

    async def DiffConfig(self, request: Any, context: _Context) -> Any:
        """Provider resource: diff."""
        call = self.call(
            "diff_config", request, context, inputs=request.news, old_inputs=request.old_inputs, old_outputs=request.olds
        )
        return _diff(await self.do(self.provider.diff_config, call, context))

    async def Configure(self, request: Any, context: _Context) -> Any:
        """Keep the connection's configuration and tell the provider."""
        call = self.call("configure", request, context, inputs=request.args)
        call.inputs = {key: self._decode(key, value) for key, value in call.inputs.items()}
        call.config = self.configs[context.peer()] = self.last_config = call.inputs
        await self.do(self.provider.configure, call, context)
        if notes := self.provider.notes(call):
            await warn(self.engine, notes)
        return pb.ConfigureResponse(
            acceptSecrets=True,
            acceptResources=True,
            acceptOutputs=True,
            supportsPreview=True,
            supports_autonaming_configuration=True,
        )

    def _decode(self, key: str, value: Any) -> Any:
        """SDKs send every provider setting that is not a text as JSON in a text."""
        if key not in self.provider.text_config and isinstance(value, str) and value[:1] in '{["tfn':
            try:
                return json.loads(value)
            except ValueError:
                return value
        return value

    # -- resources ----------------------------------------------------------------------------------------------------

    async def Check(self, request: Any, context: _Context) -> Any:
        """Validate and complete inputs."""
        call = self.call("check", request, context, inputs=request.news, old_inputs=request.olds, old_outputs=request.old_outputs)
        call.seed = request.randomSeed
        call.proposed_name = request.autonaming.proposed_name
        call.naming_enforced = request.autonaming.mode != 0
        return _checked(await self.do(self.provider.check, call, context), call)

    async def Diff(self, request: Any, context: _Context) -> Any:
        """Compare recorded with new inputs."""
        call = self.call("diff", request, context, inputs=request.news, old_inputs=request.old_inputs, old_outputs=request.olds)
        return _diff(await self.do(self.provider.diff, call, context))

    async def Create(self, request: Any, context: _Context) -> Any:
        """Make the object."""
        call = self.call("create", request, context, inputs=request.properties)
        made: Created = await self.do(self.provider.create, call, context)
        return pb.CreateResponse(id=made.id, properties=wrap(made.outputs, call.secrets))

    async def Read(self, request: Any, context: _Context) -> Any:
        """Look the object up: refresh, import, get."""
        call = self.call("read", request, context, inputs=request.inputs, old_outputs=request.properties)
        found: Found | None = await self.do(self.provider.read, call, context)
        if found is None:
            return pb.ReadResponse()
        return pb.ReadResponse(id=found.id, properties=wrap(found.outputs, call.secrets), inputs=wrap(found.inputs, call.secrets))

    async def Update(self, request: Any, context: _Context) -> Any:
        """Change the object in place."""
        call = self.call("update", request, context, inputs=request.news, old_inputs=request.old_inputs, old_outputs=request.olds)
        return pb.UpdateResponse(properties=wrap(await self.do(self.provider.update, call, context), call.secrets))

    async def Delete(self, request: Any, context: _Context) -> Empty:
        """Remove the object."""
        call = self.call("delete", request, context, old_inputs=request.old_inputs, old_outputs=request.properties)
        await self.do(self.provider.delete, call, context)
        return Empty()

    async def Invoke(self, request: Any, context: _Context) -> Any:
        """Call a function."""
        call = self.call("invoke", request, context, inputs=request.args)
        call.type = request.tok
        try:
            result = await self.run(self.provider.invoke, call)
        except CheckFailed as error:
            return pb.InvokeResponse(failures=[pb.CheckFailure(property=path, reason=reason) for path, reason in error.failures])
        except Failure as error:
            await context.abort(grpc.StatusCode.UNKNOWN, str(error))
        return pb.InvokeResponse(**{"return": wrap(result, call.secrets)})

    async def Construct(self, request: Any, context: _Context) -> Any:
        """Build a remote component."""
        try:
            if (direct := getattr(self.provider, "construct_request", None)) is not None:  # registers without the SDK
                return await direct(request, self.engine, self.configs.get(context.peer(), self.last_config))
            from sandbox.providers.construct import construct

            return await construct(self.provider, self.engine, request)
        except (Failure, FaultError) as error:
            await context.abort(grpc.StatusCode.UNKNOWN, str(error))
        except (asyncio.CancelledError, grpc.aio.AbortError):
            raise
        except Exception as error:
            where = log_unexpected(f"provider-{self.provider.name}", error)
            text = f"{request.type} {request.name}: {type(error).__name__}: {error} (details: {where})"
            await context.abort(grpc.StatusCode.INTERNAL, text)


def _type(urn: str) -> str:
    return urn.split("::")[2].rsplit("$", 1)[-1] if urn.count("::") >= 3 else ""


def _checked(answer: Checked, call: Call) -> Any:
    failures = [pb.CheckFailure(property=path, reason=reason) for path, reason in answer.failures]
    return pb.CheckResponse(inputs=wrap(answer.inputs, call.secrets), failures=failures)


_KINDS = {"add": pb.PropertyDiff.ADD, "delete": pb.PropertyDiff.DELETE, "update": pb.PropertyDiff.UPDATE}
_REPLACE_KINDS = {
    "add": pb.PropertyDiff.ADD_REPLACE,
    "delete": pb.PropertyDiff.DELETE_REPLACE,
    "update": pb.PropertyDiff.UPDATE_REPLACE,
}


def _diff(answer: Changes) -> Any:
    detailed = {
        path: pb.PropertyDiff(kind=(_REPLACE_KINDS if replace else _KINDS)[kind], inputDiff=True)
        for path, (kind, replace) in answer.texts().items()
    }
    return pb.DiffResponse(
        changes=pb.DiffResponse.DIFF_SOME if answer else pb.DiffResponse.DIFF_NONE,
        replaces=sorted({str(path[0]) for path in answer.replace}),
        diffs=sorted({str(path[0]) for path in answer.paths}),
        deleteBeforeReplace=answer.delete_first,
        detailedDiff=detailed,
        hasDetailedDiff=True,
    )


def _init_failed(error: InitFailed, secrets: Secrets) -> Any:
    detail = pb.ErrorResourceInitFailed(id=error.id, properties=wrap(error.outputs, secrets), reasons=error.reasons)
    if error.inputs is not None:
        detail.inputs.CopyFrom(wrap(error.inputs, secrets))
    status = status_pb.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=str(error))
    status.details.add().Pack(detail)
    answer = grpc.Status()
    answer.code, answer.details = grpc.StatusCode.UNKNOWN, str(error)
    answer.trailing_metadata = (("grpc-status-details-bin", status.SerializeToString()),)
    return answer


def serve(provider: Provider) -> None:
    """Run the plugin until the engine ends, SIGINT or SIGTERM: argv[1] is the engine's address, the port goes to stdout."""
    engine = next((argument for argument in sys.argv[1:] if not argument.startswith("-")), "")
    provider.faults = Faults(provider.name)
    servicer = Servicer(provider, engine)

    async def close() -> None:
        await servicer.run(provider.close)
        servicer.pool.shutdown(wait=False, cancel_futures=True)

    async def start(server: Any) -> None:
        await servicer.run(provider.start)
        pb_grpc.add_ResourceProviderServicer_to_server(servicer, server)

    serve_until_stopped(start, close)
