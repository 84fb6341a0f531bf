"""A machine for rendered pods: one network of its own (loopback alone), the stack's names in /etc/hosts, and for each container
a file system of its own over this machine's: the volumes at the paths that the object names, the rest read-only where it says so.

Nothing of an object is changed: command, arguments, variables, ports and paths are those that the cluster would get. What an
image would bring is the program's folder in front of PATH. Limits: containers run as root, whatever user the object names.
"""

import base64
import json
import os
import shlex
import socket
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sandbox.controlplane import pki
from sandbox.paths import cache
from tests.truth.programs import SHELF
from tests.truth.running import Running, end
from tests.unit.recording import Recording
from tests.unit.registered import Registered

OWN = () if os.geteuid() == 0 else ("--user", "--map-root-user")
LOOPBACK = "import fcntl,socket,struct; fcntl.ioctl(socket.socket(), 0x8914, struct.pack('16sh', b'lo', 0x41))"
"""SIOCSIFFLAGS with IFF_UP and IFF_RUNNING: what `ip link set lo up` does."""

FETCH = """\
import json, ssl, sys, urllib.request
url, head, body = sys.argv[1], json.loads(sys.argv[2]), sys.argv[3].encode() or None
trusted = ssl.create_default_context(cafile="/etc/mlops/ca/ca.crt")
with urllib.request.urlopen(urllib.request.Request(url, body, head), context=trusted) as answer:
    assert answer.status == 200
    print(answer.read().decode())
"""


@dataclass
class Machine:
    """Runs containers of a recording; `close` ends all that it started."""

    folder: Path
    made: Recording[Any]
    bundle: str = "mlops-ca"
    names: set[str] = field(default_factory=lambda: {"localhost"})
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)
    count: int = 0
    rendered: list[dict[str, Any]] = field(default_factory=list)
    """Objects of charts that a test has rendered."""

    def __post_init__(self) -> None:
        holder = [
            "unshare",
            *OWN,
            "--net",
            "--",
            "python3",
            "-c",
            f"{LOOPBACK}; print('up', flush=True); import time; time.sleep(36000)",
        ]
        try:
            self._holder = subprocess.Popen(holder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        except FileNotFoundError:
            pytest.skip("NOT RUN: no `unshare` (util-linux) here to make a network with")
        assert self._holder.stdout and self._holder.stderr
        if self._holder.stdout.readline() != "up\n":
            pytest.skip(f"NOT RUN: no network of its own can be made here: {self._holder.stderr.read()[-200:]}")
        os.environ["MLOPS_SANDBOX_HOME"] = str(self.folder / "authority")
        self._authority = pki.Authority("ca", "mlops-ca")
        # a pod finds its own name, which a JVM asks for
        self.names.add(socket.gethostname())
        for made in self.made.all("Service"):
            self.names |= {f"{made.object_name}.{made.namespace}.svc{end}" for end in ("", ".cluster.local")} | {made.object_name}
        for made in self.made.all("Certificate"):
            names = made.inputs["spec"].get("dnsNames") or []
            self.names |= {name for name in names if not name.startswith("*")}
            if names:
                self._authority.issue(made.inputs["spec"]["secretName"], names[0], names=names)

    def close(self) -> None:
        """Ends every process, the network with them."""
        for process in [*self.running[::-1]]:
            end(process)
        self._holder.kill()
        self._holder.communicate()

    def config(self, kind: str, namespace: str, name: str) -> dict[str, str]:
        """Keys of a ConfigMap or Secret of the recording; the CA bundle and certificates as cert-manager would make them."""
        issued = pki.folder() / f"{name}.crt"
        if name == self.bundle and kind == "ConfigMap":
            return {"ca.crt": (pki.folder() / "ca.crt").read_text()}
        if kind == "Secret" and issued.is_file():
            key = issued.with_suffix(".key")
            return {"tls.crt": issued.read_text(), "tls.key": key.read_text(), "ca.crt": (pki.folder() / "ca.crt").read_text()}
        ours = [made.inputs for made in self.made.all(kind) if (made.object_name, made.namespace) == (name, namespace)]
        charts = [found for found in self.rendered if (found["kind"], found["metadata"]["name"]) == (kind, name)]
        assert ours or charts, f"{kind} {namespace}/{name} is not among the objects"
        inputs = [*ours, *charts][0]
        plain = (
            {key: base64.b64decode(value).decode() for key, value in (inputs.get("data") or {}).items()}
            if kind == "Secret"
            else {}
        )
        return {**(inputs.get("data") or {}), **plain, **(inputs.get("stringData") or {})}

    def variables(self, namespace: str, container: Mapping[str, Any]) -> dict[str, str]:
        """The environment of a container."""
        found = {}
        for entry in container.get("env") or []:
            source = entry.get("valueFrom") or {}
            if key := source.get("secretKeyRef"):
                found[entry["name"]] = self.config("Secret", namespace, key["name"])[key["key"]]
            elif source:
                assert source == {"fieldRef": {"fieldPath": "metadata.namespace"}}, f"a value that this machine has not: {entry}"
                found[entry["name"]] = namespace
            else:
                found[entry["name"]] = entry["value"]
        return found

    def volume(self, namespace: str, volume: Mapping[str, Any], place: Path) -> Path:
        """A directory with what the volume holds."""
        for key, kind, named in (("configMap", "ConfigMap", "name"), ("secret", "Secret", "secretName")):
            if key in volume:
                content = self.config(kind, namespace, volume[key][named])
                items = volume[key].get("items") or [{"key": name, "path": name} for name in content]
                for item in items:
                    file = place / item["path"]
                    file.parent.mkdir(parents=True, exist_ok=True)
                    file.write_text(content[item["key"]])
                return place
        assert "emptyDir" in volume, f"a volume that this machine has not: {volume}"
        place.mkdir(parents=True, exist_ok=True)
        return place

    def command(
        self,
        argv: Sequence[str],
        binds: Mapping[str, Path],
        environment: Mapping[str, str],
        path: Path,
        image: Mapping[str, Path],
        *,
        sealed: bool,
    ) -> list[str]:
        """argv in the network, with the directories bound where they belong over a file system of its own."""
        self.count += 1
        own = self.folder / f"container-{self.count}"
        root = own / "root"
        own.mkdir()
        q = shlex.quote
        lines = [
            "set -e",
            # the overlay's own directories must not lie in what it covers
            f"mount -t tmpfs tmpfs {q(str(own))} && mkdir {q(str(root))} {q(str(own / 'upper'))} {q(str(own / 'work'))}",
            f"mount -t overlay overlay -o lowerdir=/,upperdir={q(str(own / 'upper'))},workdir={q(str(own / 'work'))} {q(str(root))}",
            f"mount --rbind /proc {root}/proc && mount --rbind /dev {root}/dev && mount --rbind /sys {root}/sys",
            f"printf '127.0.0.1 %s\\n' {' '.join(sorted(self.names))} > {root}/etc/hosts",
        ]
        for target, source in image.items():
            lines.append(f"mkdir -p {q(f'{root}{target}')} && cp -a {q(f'{source}/.')} {q(f'{root}{target}')}")
        for target, source in sorted(binds.items()):
            place = f"{q(f'{root}{target}')}"
            made = f"mkdir -p {place}" if source.is_dir() else f"mkdir -p $(dirname {place}) && touch {place}"
            lines.append(f"{made} && mount --bind {q(str(source))} {place}")
        if sealed:
            lines.append(f"mount -o remount,bind,ro {root}")
        variables = {"PATH": f"{path}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "LANG": "C.UTF-8", **environment}
        shown = " ".join(q(f"{key}={value}") for key, value in variables.items())
        lines.append(f"exec env -i {shown} chroot {root} {shlex.join(argv)}")
        inside = [
            "nsenter",
            f"--target={self._holder.pid}",
            *(("--user", "--preserve-credentials") if OWN else ()),
            "--net",
            "--",
        ]
        return [*inside, "unshare", "--mount", "--propagation=private", "--", "sh", "-c", "\n".join(lines)]

    def start(
        self,
        argv: Sequence[str],
        path: Path,
        *,
        binds: Mapping[str, Path] | None = None,
        environment: Mapping[str, str] | None = None,
        image: Mapping[str, Path] | None = None,
        sealed: bool = False,
    ) -> Running:
        """Begins a program in the network; of `image`, directories are copied into its file system, those of `binds` are bound."""
        bound = dict(binds or {})
        if "/tmp" not in bound:
            bound["/tmp"] = self.folder / f"tmp-{self.count}"
            bound["/tmp"].mkdir()
        for place in (path.parent if path.name == "bin" else path, cache() / SHELF):
            # /tmp of a container is its own
            if place.is_relative_to("/tmp"):
                bound[str(place)] = place
        command = self.command(argv, bound, environment or {}, path, image or {}, sealed=sealed)
        log = self.folder / f"container-{self.count}.log"
        with log.open("wb") as stream:
            process = subprocess.Popen(
                command, stdout=stream, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True
            )
        self.running.append(process)
        return Running(process, log, shlex.join(argv)[:200])

    def run(self, argv: Sequence[str], path: Path, **more: Any) -> str:
        """What a program says that ends well."""
        return self.start(argv, path, **more).done()

    def trust(self) -> dict[str, Path]:
        """The platform's CA where our containers find it."""
        place = self.folder / "bundle"
        place.mkdir(exist_ok=True)
        (place / "ca.crt").write_text(self.config("ConfigMap", "", self.bundle)["ca.crt"])
        return {"/etc/mlops/ca": place}

    def get(
        self, url: str, login: tuple[str, str] | None = None, headers: Mapping[str, str] | None = None, body: str = ""
    ) -> str:
        """What a server of the network answers with status 200 (to a POST where there is a body), verified by the platform's CA."""
        head = dict(headers or {})
        if login:
            head["Authorization"] = "Basic " + base64.b64encode(":".join(login).encode()).decode()
        return self.run(["python3", "-c", FETCH, url, json.dumps(head), body], Path("/usr/bin"), binds=self.trust())

    def probe(self, host: str, container: Mapping[str, Any]) -> None:
        """Asks a container's HTTP probes as the kubelet would, at the name of its Service."""
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            if wanted := (container.get(probe) or {}).get("httpGet"):
                port = ports.get(wanted["port"], wanted["port"])
                self.get(f"{(wanted.get('scheme') or 'HTTP').lower()}://{host}:{port}{wanted['path']}")

    def pod(self, workload: Registered, path: Path, only: str = "", data: Mapping[str, Path] | None = None) -> Running:
        """`launch`, of a rendered workload."""
        return self.launch(str(workload.namespace), workload.inputs["spec"]["template"]["spec"], path, only, data)

    def launch(
        self,
        namespace: str,
        spec: Mapping[str, Any],
        path: Path,
        only: str = "",
        data: Mapping[str, Path] | None = None,
        more: Mapping[str, str] | None = None,
        image: Mapping[str, Path] | None = None,
    ) -> Running:
        """Runs the init containers of a pod to their ends, then starts its container (`only`, or its first).

        `data` gives directories for claims, `more` the variables that Kubernetes adds for Services, `image` directories of the image.
        """
        self.count += 1
        place = self.folder / f"pod-{self.count}"
        volumes = {v["name"]: self.volume(namespace, v, place / v["name"]) for v in spec.get("volumes") or []} | dict(data or {})

        def begin(container: Mapping[str, Any]) -> Running:
            mounts = container.get("volumeMounts") or []
            binds = {m["mountPath"].rstrip("/"): volumes[m["name"]] / m.get("subPath", "") for m in mounts}
            argv = [*(container.get("command") or []), *(container.get("args") or [])]
            if not container.get("command"):
                argv = [container["name"], *argv]
            sealed = bool((container.get("securityContext") or {}).get("readOnlyRootFilesystem"))
            variables = self.variables(namespace, container) | dict(more or {})
            return self.start(argv, path, binds=binds, environment=variables, image=image, sealed=sealed)

        for container in spec.get("initContainers") or []:
            begin(container).done()
        return begin(next(c for c in spec["containers"] if not only or c["name"] == only))
