"""Derive a resource type's schema from the source of its installed Python SDK, without importing it.

The providers' own schema.json is published nowhere, but the generated SDK repeats nearly all of it: class
decorators carry type tokens, getters the wire names, annotations the types. Only the classes that a type
needs are cut out of a file and parsed, because whole modules (sagemaker's inputs are 1.5 MB) take seconds.
Missing from an SDK, and so from here: which inputs force a replacement, defaults, numeric and regex limits.
"""

from __future__ import annotations

import ast
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from sandbox.providers.schema.model import ANY, Kind, Properties, Property, Resource, Type

_PRIMITIVES: dict[str, Kind] = {
    "str": "string",
    "int": "integer",
    "float": "number",
    "bool": "boolean",
    "Any": "any",
    "Asset": "asset",
    "Archive": "archive",
}
_CLASS = re.compile(r"^class (\w+)", re.M)
_TOP_LEVEL = re.compile(r"^(?=[@A-Za-z_])", re.M)
_MODULE_ALIAS = re.compile(r"^from \.\. import (\w+)(?: as (\w+))?$", re.M)


class Source:
    """One generated module: its text and where each class of it begins."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.text = path.read_text(encoding="utf-8") if path.is_file() else ""
        self.starts = {match.group(1): match.start() for match in _CLASS.finditer(self.text)}

    def cut(self, name: str) -> ast.ClassDef | None:
        """The class `name`, parsed alone; None when this module has no such class."""
        start = self.starts.get(name)
        if start is None:
            return None
        following = _TOP_LEVEL.search(self.text, start + 6)
        body = ast.parse(self.text[start : following.start() if following else len(self.text)]).body[0]
        assert isinstance(body, ast.ClassDef)
        return body


@lru_cache(maxsize=64)
def source(path: Path) -> Source:
    """Read once per process: several types of one service share their _inputs.py."""
    return Source(path)


class Derivation:
    """Reads one resource class and every nested type that its inputs reach."""

    def __init__(self, package: Path, module: Path, name: str, token: str) -> None:
        self.package = package
        self.module = module
        self.folder = module.parent
        self.name = name
        self.token = token
        self.types: dict[str, Properties] = {}

    def resource(self) -> Resource:
        """Raises ValueError when the module does not look like generated code."""
        code = source(self.module)
        body = code.cut(self.name)
        args = code.cut(f"{self.name}Args") or code.cut(f"{self.name}InitArgs")
        if body is None:
            raise ValueError(f"{self.module}: no class {self.name} for {self.token}")
        inputs = self._inputs(args) if args else {}
        wire = _wire_names(args) if args else {}
        init = next((item for item in body.body if _is_function(item, "_internal_init")), body)
        aliases, secret_outputs = _options(init)
        return Resource(
            token=self.token,
            inputs=inputs,
            outputs=self._outputs(body),
            types=self.types,
            secret_inputs=frozenset(wire.get(item, item) for item in _secret_inputs(init)),
            secret_outputs=frozenset(secret_outputs),
            aliases=tuple(dict.fromkeys(aliases)),
            deprecated=self._deprecation(code),
        )

    def _deprecation(self, code: Source) -> str | None:
        """The text of `warnings.warn(...)` that the generator puts right above a deprecated class."""
        head = code.text[: code.starts[self.name]]
        match = re.search(r'^warnings\.warn\("""(.*?)""", DeprecationWarning\)', head, re.M | re.S)
        return match.group(1) if match else None

    def _inputs(self, body: ast.ClassDef) -> Properties:
        """Types and required-ness stand in `__init__`, wire names on the getters."""
        wire = _wire_names(body)
        init = next((item for item in body.body if _is_function(item, "__init__")), None)
        if not isinstance(init, ast.FunctionDef):
            return {}
        found: Properties = {}
        for argument, default in zip(init.args.kwonlyargs, init.args.kw_defaults, strict=True):
            kind = self._type(argument.annotation) if argument.annotation else ANY
            found[wire.get(argument.arg, argument.arg)] = Property(kind, required=default is None)
        return found

    def _outputs(self, body: ast.ClassDef) -> Properties:
        found: Properties = {}
        for getter, name in _getters(body):
            annotation = _unwrap(getter.returns, "Output")
            required = not (isinstance(annotation, ast.Subscript) and _last(annotation.value) == "Optional")
            found[name] = Property(self._type(annotation, nested=False), required)
        return found

    def _type(self, node: ast.expr | None, *, nested: bool = True) -> Type:
        """`nested` follows object types; outputs need only their outer shape."""
        match node:
            case ast.Subscript():
                return self._generic(_last(node.value), node.slice, nested)
            case ast.Constant(value=str(text)):
                return self._named(text, nested)
            case ast.Name() | ast.Attribute():
                kind = _PRIMITIVES.get(_last(node))
                return Type(kind) if kind else ANY
            case _:
                return ANY

    def _generic(self, outer: str, inner: ast.expr, nested: bool) -> Type:
        match outer:
            case "Input" | "Output" | "Optional":
                return self._type(inner, nested=nested)
            case "Sequence":
                return Type("array", items=self._type(inner, nested=nested))
            case "Mapping":
                assert isinstance(inner, ast.Tuple)
                return Type("map", items=self._type(inner.elts[1], nested=nested))
            case "Union":
                members = inner.elts if isinstance(inner, ast.Tuple) else [inner]
                options = tuple(dict.fromkeys(self._type(item, nested=nested) for item in members))
                return options[0] if len(options) == 1 else Type("union", options=options)
            case _:
                return ANY

    def _named(self, text: str, nested: bool) -> Type:
        """A quoted annotation: an Args class, an enum, a class of another module, or a resource."""
        *prefix, name = text.split(".")
        folder = self._folder(prefix[-1]) if prefix and prefix[-1] != "outputs" else self.folder
        if not nested or "outputs" in prefix:
            return Type("object", ref=name)
        if (values := _enum(folder, name)) is not None:
            return Type("enum", values=values)
        if not name.endswith("Args"):
            return ANY
        key = name if folder == self.folder else f"{folder.name}/{name}"
        if key not in self.types:
            body = source(folder / "_inputs.py").cut(name)
            if body is None:
                return ANY
            self.types[key] = {}  # before descending: types may be recursive (wafv2's statements are)
            here, self.folder = self.folder, folder
            self.types[key] = self._inputs(body)
            self.folder = here
        return Type("object", ref=key)

    def _folder(self, alias: str) -> Path:
        for match in _MODULE_ALIAS.finditer(source(self.folder / "_inputs.py").text[:5000]):
            if alias in (match.group(2), match.group(1)):
                return self.package / match.group(1)
        return self.package / alias.lstrip("_")


def _enum(folder: Path, name: str) -> tuple[Any, ...] | None:
    body = source(folder / "_enums.py").cut(name)
    if body is None:
        return None
    return tuple(item.value.value for item in body.body if isinstance(item, ast.Assign) and isinstance(item.value, ast.Constant))


def _is_function(item: ast.stmt, name: str) -> bool:
    return isinstance(item, ast.FunctionDef) and item.name == name


def _last(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _unwrap(node: ast.expr | None, name: str) -> ast.expr | None:
    return node.slice if isinstance(node, ast.Subscript) and _last(node.value) == name else node


def _getters(body: ast.ClassDef) -> list[tuple[ast.FunctionDef, str]]:
    """Every `@pulumi.getter`, with its wire name."""
    found = []
    for item in body.body:
        if not isinstance(item, ast.FunctionDef):
            continue
        for decorator in item.decorator_list:
            call = decorator if isinstance(decorator, ast.Call) else None
            if _last(call.func if call else decorator) != "getter":
                continue
            named = [k.value.value for k in call.keywords if isinstance(k.value, ast.Constant)] if call else []
            found.append((item, str(named[0]) if named else item.name))
    return found


def _wire_names(body: ast.ClassDef) -> dict[str, str]:
    return {getter.name: name for getter, name in _getters(body)}


def _secret_inputs(init: ast.AST) -> set[str]:
    """Properties that `_internal_init` wraps: `__props__.__dict__["x"] = … pulumi.Output.secret(x)`."""
    found = set()
    for node in ast.walk(init):
        if isinstance(node, ast.Assign) and isinstance(target := node.targets[0], ast.Subscript):
            calls = (item for item in ast.walk(node.value) if isinstance(item, ast.Call))
            if isinstance(target.slice, ast.Constant) and any(_last(call.func) == "secret" for call in calls):
                found.add(str(target.slice.value))
    return found


def _options(init: ast.AST) -> tuple[list[str], list[str]]:
    """(aliases, secret outputs) that the class adds to its resource options."""
    aliases: list[str] = []
    secrets: list[str] = []
    for node in ast.walk(init):
        if isinstance(node, ast.keyword) and isinstance(node.value, ast.List) and node.arg == "additional_secret_outputs":
            secrets += [str(item.value) for item in node.value.elts if isinstance(item, ast.Constant)]
        elif isinstance(node, ast.keyword) and node.arg == "type_" and isinstance(node.value, ast.Constant):
            aliases.append(str(node.value.value))
    return aliases, secrets
