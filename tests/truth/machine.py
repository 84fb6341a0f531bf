"""A machine for rendered pods: one network of its own (loopback alone), the stack's names in /etc/hosts, and for each container
a file system of its own over this machine's: the volumes at the paths that the object names, the rest read-only where it says so.

Nothing of an object is changed: command, arguments, variables, ports and paths are those that the cluster would get. What an
image would bring is the program's folder in front of PATH. Limits: containers run as root, whatever user the object names.
"""

import base64
import os
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sandbox.controlplane import pki
from sandbox.paths import cache
from tests.truth.programs import SHELF
from tests.unit.recording import Recording
from tests.unit.registered import Registered

OWN = () if os.geteuid() == 0 else ("--user", "--map-root-user")
LOOPBACK = "import fcntl,socket,struct; fcntl.ioctl(socket.socket(), 0x8914, struct.pack('16sh', b'lo', 0x41))"
"""SIOCSIFFLAGS with IFF_UP and IFF_RUNNING: what `ip link set lo up` does."""

FETCH = """\
import base64, ssl, sys, urllib.request
url, *login = sys.argv[1:]
head = {"Authorization": "Basic " + base64.b64encode(":".join(login).encode()).decode()} if login else {}
trusted = ssl.create_default_context(cafile="/etc/mlops/ca/ca.crt")
with urllib.request.urlopen(urllib.request.Request(url, headers=head), context=trusted) as answer:
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
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
                try:
                    process.wait(20)
                except subprocess.TimeoutExpired:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()
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
        found = [made for made in self.made.all(kind) if (made.object_name, made.namespace) == (name, namespace)]
        assert found, f"{kind} {namespace}/{name} is not among the objects"
        inputs = found[0].inputs
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
            source = (entry.get("valueFrom") or {}).get("secretKeyRef")
            found[entry["name"]] = self.config("Secret", namespace, source["name"])[source["key"]] if source else entry["value"]
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
        self, argv: Sequence[str], binds: Mapping[str, Path], environment: Mapping[str, str], path: Path, *, sealed: bool
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
        for target, source in sorted(binds.items()):
            place = f"{q(f'{root}{target}')}"
            lines.append(f"mkdir -p {place} && mount --bind {q(str(source))} {place}")
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
        sealed: bool = False,
    ) -> "Running":
        """Begins a program in the network."""
        bound = dict(binds or {})
        if "/tmp" not in bound:
            bound["/tmp"] = self.folder / f"tmp-{self.count}"
            bound["/tmp"].mkdir()
        for place in (path.parent if path.name == "bin" else path, cache() / SHELF):
            # /tmp of a container is its own
            if place.is_relative_to("/tmp"):
                bound[str(place)] = place
        command = self.command(argv, bound, environment or {}, path, sealed=sealed)
        log = self.folder / f"container-{self.count}.log"
        with log.open("wb") as stream:
            process = subprocess.Popen(
                command, stdout=stream, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True
            )
        self.running.append(process)
        return Running(process, log, shlex.join(argv)[:200])

    def run(self, argv: Sequence[str], path: Path, seconds: float = 300, **more: Any) -> str:
        """What a program says that ends well."""
        return self.start(argv, path, **more).done(seconds)

    def trust(self) -> dict[str, Path]:
        """The platform's CA where our containers find it."""
        place = self.folder / "bundle"
        place.mkdir(exist_ok=True)
        (place / "ca.crt").write_text(self.config("ConfigMap", "", self.bundle)["ca.crt"])
        return {"/etc/mlops/ca": place}

    def get(self, url: str, login: tuple[str, str] | None = None, seconds: float = 30) -> str:
        """What a server of the network answers with status 200, its certificate verified by the platform's CA."""
        return self.run(["python3", "-c", FETCH, url, *(login or ())], Path("/usr/bin"), seconds, binds=self.trust())

    def pod(self, workload: Registered, path: Path, only: str = "", data: Mapping[str, Path] | None = None) -> "Running":
        """Runs the init containers of a rendered workload to their ends, then starts its container (`only`, or its first).

        `data` gives directories for claims.
        """
        namespace = str(workload.namespace)
        spec = workload.inputs["spec"]["template"]["spec"]
        self.count += 1
        place = self.folder / f"pod-{self.count}"
        volumes = {v["name"]: self.volume(namespace, v, place / v["name"]) for v in spec.get("volumes") or []} | dict(data or {})

        def begin(container: Mapping[str, Any]) -> Running:
            binds = {mount["mountPath"]: volumes[mount["name"]] for mount in container.get("volumeMounts") or []}
            argv = [*(container.get("command") or []), *(container.get("args") or [])]
            if not container.get("command"):
                argv = [container["name"], *argv]
            sealed = bool((container.get("securityContext") or {}).get("readOnlyRootFilesystem"))
            return self.start(argv, path, binds=binds, environment=self.variables(namespace, container), sealed=sealed)

        for container in spec.get("initContainers") or []:
            begin(container).done(300)
        return begin(next(c for c in spec["containers"] if not only or c["name"] == only))


@dataclass
class Running:
    """A started program."""

    process: subprocess.Popen[bytes]
    log: Path
    title: str

    @property
    def said(self) -> str:
        """Everything that it has printed."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def done(self, seconds: float = 300) -> str:
        """What it said, once it has ended well."""
        code = self.process.wait(seconds)
        assert code == 0, f"{self.title}: exit code {code}\n{self.said[-3000:]}"
        return self.said

    def failed(self, seconds: float = 300) -> str:
        """What it said, once it has ended badly."""
        assert self.process.wait(seconds) != 0, f"{self.title} ended well\n{self.said[-2000:]}"
        return self.said

    def until(self, ready: Callable[[], bool], seconds: float = 120) -> "Running":
        """Waits for a condition; it must not end before."""
        deadline = time.monotonic() + seconds
        while not ready():
            assert self.process.poll() is None, f"{self.title} ended with {self.process.returncode}\n{self.said[-3000:]}"
            assert time.monotonic() < deadline, f"{self.title}: not ready in {seconds:.0f} s\n{self.said[-3000:]}"
            time.sleep(0.5)
        return self
