"""Language host for Python: what the engine starts to run programs, policy packs and component providers.

It does what the official `pulumi-language-python` does for a project that already has its virtual environment, and is used only
where that one is not installed. Programs are run by runner.py and notice no difference.
"""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.empty_pb2 import Empty

from sandbox.engine import protos
from sandbox.engine.packages import dependencies, required
from sandbox.engine.process import serve_until_stopped
from sandbox.engine.programs import RUNNER, EnvironmentProblem, Program, interpreter, stop, stream, user_environment

pb, pb_grpc, plugin_pb = protos.load("language_pb2", "language_pb2_grpc", "plugin_pb2")
REPORTED = 32
"""Exit code of runner.py: the program failed and the engine has been told."""
_Request = Any
_Context = Any


def _options(info: Any) -> dict[str, Any]:
    """Runtime options of Pulumi.yaml, PulumiPolicy.yaml or PulumiPlugin.yaml."""
    return {key: getattr(value, value.WhichOneof("kind") or "null_value") for key, value in info.options.fields.items()}


class Host(pb_grpc.LanguageRuntimeServicer):  # type: ignore[misc, name-defined]
    """One engine command's language host."""

    def __init__(self, engine: str) -> None:
        self.engine = engine
        self.early: Program | None = None

    async def Handshake(self, request: _Request, context: _Context) -> Any:
        """The engine introduces itself when it attaches."""
        self.engine = request.engine_address or self.engine
        return pb.LanguageHandshakeResponse()

    async def GetPluginInfo(self, request: _Request, context: _Context) -> Any:
        """The version is that of the SDK in the sandbox's environment."""
        from importlib.metadata import version

        return plugin_pb.PluginInfo(version=version("pulumi"))

    async def GetRequiredPackages(self, request: _Request, context: _Context) -> Any:
        """Resource plugins of the installed SDKs. The engine asks this shortly before Run, so the program's Python starts now."""
        await self._prepare(request.info)
        found = [plugin_pb.PackageDependency(name=name, kind="resource", version=version) for name, version in required()]
        return pb.GetRequiredPackagesResponse(packages=found)

    async def GetRequiredPlugins(self, request: _Request, context: _Context) -> Any:
        """The same question of older engines."""
        await self._prepare(request.info)
        found = [plugin_pb.PluginDependency(name=name, kind="resource", version=version) for name, version in required()]
        return pb.GetRequiredPluginsResponse(plugins=found)

    async def _prepare(self, info: Any) -> None:
        if self.early is None:
            try:
                self.early = await Program.start(interpreter(info.root_directory, _options(info)))
            except (EnvironmentProblem, OSError):
                self.early = None  # Run reports it

    async def Run(self, request: _Request, context: _Context) -> Any:
        """Run the program to its end."""
        info = request.info
        early, self.early = self.early, None
        try:
            python = interpreter(info.root_directory, _options(info))
        except EnvironmentProblem as problem:
            return pb.RunResponse(error=str(problem))
        if early is None or early.python != python or early.process.returncode is not None:
            early = await Program.start(python)
        program = Path(info.program_directory, info.entry_point or ".")
        if not (program.is_file() or (program / "__main__.py").is_file()):
            await stop(early.process)
            return pb.RunResponse(error=f"there is no __main__.py in {program}")
        code = await early.run(
            {
                "config": dict(request.config),
                "secretKeys": list(request.configSecretKeys),
                "project": request.project,
                "stack": request.stack,
                "organization": request.organization,
                "root": info.root_directory,
                "pwd": request.pwd or info.program_directory,
                "program": os.path.normpath(program),
                "args": list(request.args),
                "parallel": request.parallel,
                "preview": request.dryRun,
                "monitor": request.monitor_address,
                "engine": self.engine,
            }
        )
        if code == 0:
            return pb.RunResponse()
        if code == REPORTED:
            return pb.RunResponse(bail=True)
        return pb.RunResponse(error=f"the program ended with {_ending(code)}")

    async def RunPlugin(self, request: _Request, context: _Context) -> AsyncIterator[Any]:
        """Policy packs (kind analyzer) and component providers written in Python."""
        info = request.info
        folder = info.program_directory
        try:
            python = interpreter(info.root_directory, _options(info))
        except EnvironmentProblem as problem:
            await context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(problem))
        if request.kind == "analyzer":
            # the module takes the engine's address and the pack, whatever else the engine adds comes after
            command = [python, str(RUNNER), "--module", "pulumi.policy", request.args[0], folder, *request.args[1:]]
        else:
            command = [python, folder, *request.args]
        environment = user_environment(dict(item.split("=", 1) for item in request.env if "=" in item))
        environment["PYTHONUNBUFFERED"] = "1"  # its port must not wait in a buffer
        async for kind, value in stream(command, request.pwd or folder, environment):
            yield pb.RunPluginResponse(**{kind: value})

    async def InstallDependencies(self, request: _Request, context: _Context) -> AsyncIterator[Any]:
        """`pulumi install`: requirements.txt of the folder into the program's environment."""
        info = request.info
        folder = Path(request.directory or info.program_directory)
        options = _options(info)
        try:
            python = interpreter(info.root_directory or str(folder), options)
        except EnvironmentProblem:
            python = str(folder / str(options["virtualenv"]) / "bin" / "python")
            async for answer in self._install([sys.executable, "-m", "venv", str(Path(python).parent.parent)], folder, context):
                yield answer
        if (folder / "requirements.txt").is_file():
            async for answer in self._install([python, "-m", "pip", "install", "-r", "requirements.txt"], folder, context):
                yield answer
        else:
            yield pb.InstallDependenciesResponse(stdout=b"No requirements.txt here; `make setup` installs the project itself.\n")

    async def _install(self, command: list[str], folder: Path, context: _Context) -> AsyncIterator[Any]:
        async for kind, value in stream(command, str(folder), user_environment()):
            if kind != "exitcode":
                yield pb.InstallDependenciesResponse(**{kind: value})
            elif value:
                await context.abort(grpc.StatusCode.UNKNOWN, f"{' '.join(command[1:4])} ended with {_ending(value)}")

    async def GetProgramDependencies(self, request: _Request, context: _Context) -> Any:
        """Installed distributions, for `pulumi about` and the stack's metadata."""
        info = request.info
        try:
            python = interpreter(info.root_directory, _options(info))
            found = await dependencies(python, user_environment())
        except (EnvironmentProblem, OSError, ValueError) as problem:
            await context.abort(grpc.StatusCode.UNKNOWN, str(problem))
        items = [pb.DependencyInfo(name=name, version=version) for name, version in found]
        return pb.GetProgramDependenciesResponse(dependencies=items)

    async def About(self, request: _Request, context: _Context) -> Any:
        """Which Python runs programs."""
        try:
            python = interpreter(request.info.root_directory, _options(request.info))
        except EnvironmentProblem:
            python = sys.executable
        version = ".".join(str(part) for part in sys.version_info[:3])
        return pb.AboutResponse(executable=python, version=version, metadata={"host": "mlops sandbox"})

    async def RuntimeOptionsPrompts(self, request: _Request, context: _Context) -> Any:
        """`pulumi new` has nothing to ask."""
        return pb.RuntimeOptionsResponse()

    async def Template(self, request: _Request, context: _Context) -> Any:
        """`pulumi new` has nothing to fill in."""
        return pb.TemplateResponse()

    async def Cancel(self, request: _Request, context: _Context) -> Empty:
        """The user interrupts: a program not yet running is ended, a running one ends with its Run."""
        await self.close()
        return Empty()

    async def close(self) -> None:
        """End the early runner when no Run came."""
        early, self.early = self.early, None
        if early is not None:
            await stop(early.process)


def _ending(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def main() -> None:
    """Serve until the engine ends; argv[1] is the engine's address."""
    engine = next((argument for argument in sys.argv[1:] if not argument.startswith("-")), "")
    host = Host(engine)

    async def start(server: Any) -> None:
        pb_grpc.add_LanguageRuntimeServicer_to_server(host, server)

    serve_until_stopped(start, host.close)


if __name__ == "__main__":
    main()
