"""Keep moto's memory between runs: its backends are written to one encrypted file and put back at the next start.

moto itself forgets everything when it stops. All backends go through one pickler, because they refer to each other's
objects (an RDS instance holds EC2 subnets). dill, not pickle: backends hold locks and local lambdas. The file is
encrypted with a key of its own beside it, because the simulated cloud's secrets are in it.
"""

from __future__ import annotations

import io
import os
import platform
import secrets
import zlib
from collections import defaultdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import dill  # type: ignore[import-untyped]
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from moto.backends import get_backend
from moto.core.base_backend import AccountSpecificBackend, BackendDict
from moto.iam.models import AWSManagedPolicy

_NONCE = 12  # bytes, what AES-GCM takes
_PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | dsa.DSAPrivateKey


def _stamp() -> bytes:
    """What a file must have been written with to be read: moto's objects and dill's code depend on both versions."""
    return f"moto {version('moto')} python {platform.python_version()}".encode()


class _Pickler(dill.Pickler):  # type: ignore[misc]  # dill has no types
    def persistent_id(self, obj: Any) -> Any:
        """What is not copied: moto's registries and its list of AWS's own policies; and private keys, as PEM."""
        if isinstance(obj, BackendDict):
            return "registry", obj.service_name
        if isinstance(obj, AccountSpecificBackend):
            return "account", obj.service_name, obj.account_id
        if type(obj) is AWSManagedPolicy:
            return "policy", obj.account_id, obj.partition, obj.arn
        if isinstance(obj, _PrivateKey):
            return "key", _pem(obj)
        return None

    def reducer_override(self, obj: Any) -> Any:
        """Dictionaries of moto's own whose constructor takes more than pickle would give it (ssm's ParameterDict)."""
        if isinstance(obj, defaultdict) and type(obj) is not defaultdict:
            return _revive, (type(obj), obj.default_factory), vars(obj), None, iter(list(obj.items()))
        return NotImplemented


def _revive(kind: type[defaultdict[Any, Any]], factory: Any) -> defaultdict[Any, Any]:
    made = kind.__new__(kind)
    made.default_factory = factory
    return made


class _Unpickler(dill.Unpickler):  # type: ignore[misc]
    def persistent_load(self, pid: Any) -> Any:
        match pid:
            case "registry", service:
                return get_backend(service)
            case "account", service, account:
                return get_backend(service)[account]
            case "policy", account, partition, arn:
                return get_backend("iam")[account][partition].managed_policies[arn]
            case "key", pem:
                return serialization.load_pem_private_key(pem, password=None)
        raise dill.UnpicklingError(f"unknown reference {pid[0]!r}")


def _pem(key: _PrivateKey) -> bytes:
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


class Snapshot:
    """moto's state in `folder`/moto.state."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "moto.state"
        self.key = folder / "key"
        self._last = b""

    def save(self) -> bool:
        """Write the state if it changed since the last call; true when it did. No request may run meanwhile."""
        content = self._dump()
        if content == self._last:
            return False
        nonce = secrets.token_bytes(_NONCE)
        sealed = AESGCM(self._cipher_key()).encrypt(nonce, zlib.compress(content, 1), _stamp())
        temporary = self.path.with_suffix(".tmp")
        temporary.touch(mode=0o600)
        temporary.write_bytes(nonce + sealed)
        os.replace(temporary, self.path)
        self._last = content
        return True

    def restore(self) -> str | None:
        """Put back what was saved; None, or why not (the file is then moved aside, and moto starts empty)."""
        if not self.path.is_file():
            return None
        sealed = self.path.read_bytes()
        try:
            content = zlib.decompress(AESGCM(self._cipher_key()).decrypt(sealed[:_NONCE], sealed[_NONCE:], _stamp()))
        except InvalidTag:
            aside = self.path.with_suffix(".unreadable")
            os.replace(self.path, aside)
            return f"{self.path} was written by another version of moto or Python: moved to {aside.name}, starting empty"
        for service, account, region, backend in _Unpickler(io.BytesIO(content)).load():
            dict.__setitem__(get_backend(service)[account], region, backend)
        self._last = content
        return None

    def _dump(self) -> bytes:
        entries = [
            (registry.service_name, account, region, backend)
            for registry in list(BackendDict._instances)  # type: ignore[misc]
            for account, regions in registry.items()
            for region, backend in dict.items(regions)
            if not region.startswith("aws-")  # moto makes IAM for every partition: aws-cn, aws-us-gov …
        ]
        buffer = io.BytesIO()
        _Pickler(buffer, protocol=5).dump(entries)
        return buffer.getvalue()

    def _cipher_key(self) -> bytes:
        if not self.key.exists():
            descriptor = os.open(self.key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(AESGCM.generate_key(bit_length=256))
        return self.key.read_bytes()
