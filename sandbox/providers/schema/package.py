"""The schema of an installed provider package, derived type by type as a program asks and cached by version."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import re
import tempfile
from pathlib import Path

from rapidfuzz import process

from sandbox import paths
from sandbox.providers.schema.derive import Derivation
from sandbox.providers.schema.model import Resource

# Part of the cache's folder name: raise it whenever derive.py or model.py read or write something else.
FORMAT = 1

_CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


class UnknownType(LookupError):
    """The package has no such resource type; the text names the nearest one."""


class Package:
    """`Package("aws")` reads pulumi_aws, `Package("azure-native")` reads pulumi_azure_native."""

    def __init__(self, name: str, root: Path | None = None) -> None:
        """`root` is the SDK's folder, for tests; else the installed one. Raises ModuleNotFoundError without it."""
        self.name = name
        module = "pulumi_" + name.replace("-", "_")
        if root is None:
            spec = importlib.util.find_spec(module)
            if spec is None or spec.origin is None:
                raise ModuleNotFoundError(f"{module} is not installed: `make up` installs what requirements.lock names")
            root = Path(spec.origin).parent
            self.version = importlib.metadata.version(module.replace("_", "-"))
        else:
            self.version = "0.0.0"
        self.root = root
        self.folder = paths.cache() / "schemas" / f"{name}-{self.version}-f{FORMAT}"
        self._resources: dict[str, Resource] = {}
        self._tokens: dict[str, tuple[str, str]] | None = None

    def resource(self, token: str) -> Resource:
        """The schema of `token`, for example `aws:s3/bucket:Bucket`. Raises UnknownType."""
        if token not in self._resources:
            self._resources[token] = self._cached(token) or self._derive(token)
        return self._resources[token]

    def tokens(self) -> dict[str, tuple[str, str]]:
        """token -> (folder inside the SDK, class name), from the registration at the end of the SDK's __init__.py."""
        if self._tokens is None:
            text = (self.root / "__init__.py").read_text(encoding="utf-8")
            match = re.search(r'resource_modules="""(.*?)"""', text, re.S)
            modules = json.loads(match.group(1)) if match else []
            self._tokens = {
                token: ("/".join(module["fqn"].split(".")[1:]), name)
                for module in modules
                for token, name in module["classes"].items()
            }
        return self._tokens

    def _cached(self, token: str) -> Resource | None:
        path = self._path(token)
        try:
            return Resource.from_json(json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError):  # a damaged file is derived again
            path.unlink(missing_ok=True)
            return None

    def _derive(self, token: str) -> Resource:
        folder, name = self._locate(token)
        resource = Derivation(self.root, self._module(self.root / folder, name, token), name, token).resource()
        self._write(token, resource)
        return resource

    def _locate(self, token: str) -> tuple[str, str]:
        if (found := self.tokens().get(token)) is not None:
            return found
        near = process.extractOne(token, list(self.tokens()), score_cutoff=60)
        hint = f'; did you mean "{near[0]}"?' if near else ""
        raise UnknownType(f"{token}: {self.name} {self.version} has no such resource type{hint}")

    def _module(self, folder: Path, name: str, token: str) -> Path:
        """The file is usually the class name in snake_case; acronyms are split irregularly, so look when it is not."""
        marker = f'@pulumi.type_token("{token}")'
        guess = folder / (_CAPITAL.sub("_", name).lower() + ".py")
        for path in [guess, *sorted(folder.glob("*.py"))]:
            if path.is_file() and marker in path.read_text(encoding="utf-8"):
                return path
        raise UnknownType(f"{token}: registered in {folder}, but no file there defines it")

    def _path(self, token: str) -> Path:
        return self.folder / (re.sub(r"[^\w.-]+", "_", token) + ".json")

    def _write(self, token: str, resource: Resource) -> None:
        """Several plugin processes may derive the same type at once: write aside, then rename."""
        self.folder.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=self.folder, prefix=".", suffix=".tmp")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(resource.to_json(), file, separators=(",", ":"))
        os.replace(temporary, self._path(token))
