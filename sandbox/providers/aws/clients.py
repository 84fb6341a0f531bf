"""botocore clients for the simulated AWS API, which refuse to talk to anything but this machine."""

from __future__ import annotations

import functools
import hashlib
import ipaddress
import json
import os
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sandbox import paths
from sandbox.providers.cloud.spec import Context, Json
from sandbox.providers.model import Call, Failure

if TYPE_CHECKING:
    from botocore.session import Session

ACCOUNT = "123456789012"  # the account moto answers for
REGION = "us-east-1"
URN_TAG = "mlops.dev/urn"
# Codes of objects that are not there; HEAD requests have only the status, and SageMaker on moto only a text.
_GONE = ("NotFound", "NoSuch", "Could not find")


class ApiError(Failure):
    """The API refused a call; `code` is its error code.

    `gone`: the object is not there. `uncertain`: the fault is the API's own, so it may have acted.
    """

    def __init__(self, service: str, operation: str, code: str, message: str, *, uncertain: bool = False) -> None:
        self.code = code
        self.uncertain = uncertain
        self.gone = code == "404" or any(word in code or message.startswith(word) for word in _GONE)
        super().__init__(f"{service} {operation}: {code}: {message}")


@functools.cache
def _session() -> Session:
    from botocore.session import get_session  # 0.3 s: a preview needs no client

    return get_session()


_lock = threading.Lock()
_clients: dict[tuple[str, str, str], Any] = {}


def client(service: str, region: str, endpoint: str) -> Any:
    """The client of a service, made once per process: clients are thread-safe, making them is not."""
    key = (service, region, endpoint)
    with _lock:
        if key not in _clients:
            from botocore.config import Config

            _clients[key] = _session().create_client(
                service,
                region_name=region,
                endpoint_url=loopback(endpoint),
                # Fixed: the user's own keys are never read, not even to sign a call to this machine.
                aws_access_key_id="sandbox",
                aws_secret_access_key="sandbox",
                # One try: moto can keep an object and answer with an error, and a second try then finds it existing.
                config=Config(retries={"max_attempts": 0}, max_pool_connections=64, proxies={}, s3={"addressing_style": "path"}),
            )
        return _clients[key]


def shape(service: str, name: str) -> Any:
    """A shape of the service's API model."""
    with _lock:
        return _model(service).shape_for(name)


@functools.cache
def _model(service: str) -> Any:
    return _session().get_service_model(service)


def accepted(words: str) -> tuple[str, ...]:
    """The values of an enum in the API's own model: "sagemaker:AuthMode"."""
    service, name = words.split(":")
    return tuple(shape(service, name).enum)


def loopback(endpoint: str) -> str:
    """`endpoint`, or Failure when it is not on this machine."""
    host = urlsplit(endpoint).hostname or ""
    try:
        local = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        local = False
    if not local:
        raise Failure(
            f"the simulated aws provider calls only this machine, and {endpoint} is not: set AWS_ENDPOINT_URL to a loopback "
            "address, or install the official plugin for a real account"
        )
    return endpoint


def endpoint(config: Mapping[str, Any], service: str) -> str:
    """Where a service answers: the provider's `endpoints`, else AWS_ENDPOINT_URL, else the running sandbox. Or Failure."""
    entries = config.get("endpoints")
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, Mapping) and isinstance(url := entry.get(service), str):
            return url
    if url := os.environ.get("AWS_ENDPOINT_URL"):
        return url
    status = paths.home() / "status" / "cloud.json"
    try:
        return str(json.loads(status.read_text(encoding="utf-8"))["endpoint"])
    except (OSError, ValueError, KeyError):
        raise Failure("the simulated AWS API is not running: start it with `mlops sandbox up`, or set AWS_ENDPOINT_URL") from None


class AwsContext(Context):
    """One call of the engine, with the APIs of its region."""

    def __init__(self, call: Call) -> None:
        region = call.inputs.get("region") or call.old_inputs.get("region") or call.config.get("region")
        if not isinstance(region, str):
            region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or REGION
        super().__init__(call, region, ACCOUNT)

    @property
    def mark(self) -> str:
        """The value of URN_TAG: a hash, because a URN may be longer than tags are and hold letters they may not."""
        return hashlib.sha256(self.urn.encode()).hexdigest()[:32]

    def values(self) -> Json:
        """As Context has them, with the partition."""
        return {**super().values(), "partition": "aws"}

    def run(self, service: str, operation: str, **parameters: Any) -> Json:
        """One API call; parameters that are None are left out. Raises ApiError."""
        from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError, ParamValidationError

        api = client(service, self.region, endpoint(self.call.config, service))
        try:
            answer = getattr(api, operation)(**{key: value for key, value in parameters.items() if value is not None})
        except ClientError as error:
            problem, status = error.response.get("Error", {}), error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            text = self._clean(str(problem.get("Message", "")))
            raise ApiError(service, operation, str(problem.get("Code", "?")), text, uncertain=status >= 500) from None
        except EndpointConnectionError as error:
            raise Failure(f"{error} Is the simulated AWS API running? `mlops sandbox up` starts it") from None
        except BotoCoreError as error:
            uncertain = not isinstance(error, ParamValidationError)
            raise ApiError(service, operation, type(error).__name__, self._clean(str(error)), uncertain=uncertain) from None
        return dict(answer)

    def input(self, service: str, operation: str) -> Any:
        """The shape of an operation's parameters."""
        meta = client(service, self.region, endpoint(self.call.config, service)).meta
        return meta.service_model.operation_model(meta.method_to_api_mapping[operation]).input_shape

    def maybe(self, service: str, operation: str, **parameters: Any) -> Json | None:
        """As `run`, but None where the object is gone."""
        try:
            return self.run(service, operation, **parameters)
        except ApiError as error:
            if error.gone:
                return None
            raise

    def arn(self, service: str, rest: str, *, region: bool = True) -> str:
        """An ARN of this account."""
        return f"arn:aws:{service}:{self.region if region else ''}:{self.account}:{rest}"

    def _clean(self, message: str) -> str:
        """An error's text without secrets: botocore repeats the values that it refuses."""
        for text in self.call.secrets.texts:
            message = message.replace(text, "[secret]")
        if "<html" in message:  # the web server's own page: no API answers so
            return "the simulated API failed inside (an unexpected error of moto's)"
        return message
