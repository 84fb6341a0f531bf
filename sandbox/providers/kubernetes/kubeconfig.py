"""Where the API server is and how to speak to it: the provider's inputs, else KUBECONFIG, else ~/.kube/config."""

from __future__ import annotations

import base64
import json
import os
import ssl
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sandbox.providers.model import Failure


@dataclass(frozen=True, slots=True)
class Connection:
    """One cluster as one user. `identity` is what makes it another cluster (server and CA), not another login."""

    server: str
    namespace: str
    headers: tuple[tuple[str, str], ...]
    tls: ssl.SSLContext | bool
    identity: str
    kubeconfig: str
    """The merged kubeconfig as JSON, for tools (helm, kubectl) that need a file."""


def load(config: Mapping[str, Any]) -> Connection:
    """The connection that a provider's inputs name. Raises Failure that says what is missing."""
    document = _document(config.get("kubeconfig"))
    name = config.get("context") or document.get("current-context") or ""
    context = _named(document, "contexts", "context", str(name), "set `context`, or `current-context` in the kubeconfig")
    cluster_name = config.get("cluster") or context.get("cluster") or ""
    cluster = _named(document, "clusters", "cluster", str(cluster_name), f"context {name!r} names it")
    user_name = str(context.get("user") or "")
    user = _named(document, "users", "user", user_name, f"context {name!r} names it") if user_name else {}
    if user.get("exec") and is_own(cluster):
        # no cloud lends an identity here: the sandbox's administrator stands in for whoever the plugin would be
        from sandbox.controlplane import pki

        user = {"token": pki.admin_token()}
        document = {**document, "users": [{"name": user_name, "user": user}]}
    server = str(cluster.get("server") or "")
    if not server:
        raise Failure(f"kubeconfig: cluster {cluster_name!r} has no `server`")
    return Connection(
        server=server.rstrip("/"),
        namespace=str(config.get("namespace") or context.get("namespace") or "default"),
        headers=tuple(_headers(user, user_name).items()),
        tls=_tls(cluster, user, server),
        identity=json.dumps(cluster, sort_keys=True),
        kubeconfig=json.dumps({**document, "current-context": str(name)}),
    )


def is_own(cluster: Mapping[str, Any]) -> bool:
    """Whether a cluster of a kubeconfig is the sandbox's own API server, by address and authority."""
    from sandbox.controlplane import kubeconfig as sandbox  # with its keys' library: 0.1 s that no other stack is to pay

    server, authority = sandbox.own_server()
    given = str(cluster.get("server") or "").rstrip("/"), str(cluster.get("certificate-authority-data") or "")
    return bool(server) and given == (server.rstrip("/"), authority)


def stood_in(config: Mapping[str, Any]) -> str:
    """The login command of a provider's kubeconfig that the simulation stands in for; "" where it does not."""
    if not isinstance(source := config.get("kubeconfig"), str) or not source.lstrip().startswith("{"):
        return ""
    try:
        document = _document(source)
        clusters = [entry.get("cluster") or {} for entry in document.get("clusters") or []]
        users = [entry.get("user") or {} for entry in document.get("users") or []]
    except Failure:
        return ""
    command = next((str(user["exec"].get("command")) for user in users if user.get("exec")), "")
    return command if command and any(is_own(cluster) for cluster in clusters) else ""


def identity(config: Mapping[str, Any]) -> str:
    """What the official provider compares to see whether this is another cluster; "" where the inputs name none."""
    if not config.get("kubeconfig"):
        return ""
    try:
        document = _document(config.get("kubeconfig"))
        context = _named(document, "contexts", "context", str(config.get("context") or document.get("current-context") or ""), "")
        cluster = _named(document, "clusters", "cluster", str(config.get("cluster") or context.get("cluster") or ""), "")
    except Failure:
        return ""
    return json.dumps(cluster, sort_keys=True)


def _document(source: Any) -> dict[str, Any]:
    if isinstance(source, dict):
        return source
    if source:
        path = Path(str(source)).expanduser() if "\n" not in str(source) and len(str(source)) < 4096 else None
        text = path.read_text() if path is not None and path.is_file() else str(source)
        document = _parse(text, str(path) if path is not None and path.is_file() else "provider input `kubeconfig`")
        if not isinstance(document, dict):
            raise Failure("provider input `kubeconfig`: neither an existing file nor the contents of a kubeconfig")
        return document
    merged: dict[str, Any] = {}
    paths = [Path(part) for part in os.environ.get("KUBECONFIG", "").split(os.pathsep) if part]
    for path in paths or [Path.home() / ".kube" / "config"]:
        if path.is_file():
            _merge(merged, _parse(path.read_text(), str(path)))
    if not merged:
        raise Failure("no kubeconfig: set KUBECONFIG (`mlops sandbox env` prints the sandbox's), or the provider's `kubeconfig`")
    return merged


def _parse(text: str, origin: str) -> Any:
    try:
        return json.loads(text) if text.lstrip().startswith("{") else yaml.safe_load(text)
    except (ValueError, yaml.YAMLError) as error:
        raise Failure(f"{origin}: not a kubeconfig: {str(error).splitlines()[0]}") from None


def _merge(target: dict[str, Any], document: Any) -> None:
    """As kubectl does: of entries with one name the first file's counts."""
    if not isinstance(document, dict):
        return
    for key, value in document.items():
        if key in ("clusters", "contexts", "users"):
            known = {entry.get("name") for entry in target.setdefault(key, [])}
            target[key] += [entry for entry in value or [] if entry.get("name") not in known]
        elif not target.get(key):
            target[key] = value


def _named(document: Mapping[str, Any], part: str, field: str, name: str, advice: str) -> dict[str, Any]:
    entries = {str(entry.get("name")): entry.get(field) or {} for entry in document.get(part) or []}
    if name in entries:
        found: dict[str, Any] = entries[name]
        return found
    known = ", ".join(sorted(entries)) or "none"
    raise Failure(f"kubeconfig: no {field} {name!r} ({advice}); it has: {known}")


def _headers(user: Mapping[str, Any], name: str) -> dict[str, str]:
    if user.get("exec") or user.get("auth-provider"):
        raise Failure(
            f"kubeconfig: user {name!r} logs in through a plugin; the simulated provider knows tokens and client certificates. "
            "Use the official plugin for such clusters (MLOPS_OFFICIAL_PLUGINS)"
        )
    token = user.get("token") or ""
    if not token and user.get("tokenFile"):
        token = Path(str(user["tokenFile"])).read_text().strip()
    if token:
        return {"Authorization": f"Bearer {token}"}
    if user.get("username"):
        pair = f"{user['username']}:{user.get('password', '')}"
        return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
    return {}


def _tls(cluster: Mapping[str, Any], user: Mapping[str, Any], server: str) -> ssl.SSLContext | bool:
    if not server.startswith("https://"):
        return False
    authority = _bytes(cluster, "certificate-authority")
    context = ssl.create_default_context(cadata=authority.decode() if authority else None)
    if cluster.get("insecure-skip-tls-verify"):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    certificate, key = _bytes(user, "client-certificate"), _bytes(user, "client-key")
    if certificate and key:
        # ssl reads key pairs from files only; this one is readable by its owner alone and gone at once
        with tempfile.NamedTemporaryFile(prefix="kubernetes-login-") as file:
            file.write(certificate + b"\n" + key)
            file.flush()
            context.load_cert_chain(file.name)
    return context


def _bytes(section: Mapping[str, Any], name: str) -> bytes:
    if section.get(f"{name}-data"):
        return base64.b64decode(str(section[f"{name}-data"]))
    return Path(str(section[name])).read_bytes() if section.get(name) else b""
