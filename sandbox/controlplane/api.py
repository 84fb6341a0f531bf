"""A few calls to the sandbox's API server; small, because importing a whole client costs more than `status` takes."""

from __future__ import annotations

import json
import ssl
from types import TracebackType
from typing import Any

import httpx

from sandbox.controlplane import pki

MANAGER = "mlops-sandbox"
Object = dict[str, Any]


class ApiError(Exception):
    """The API server refused; the message is its own."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Api:
    """Talks to one API server with a bearer token; a context manager."""

    def __init__(self, port: int, token: str | None = None) -> None:
        self.server = f"https://127.0.0.1:{port}"
        context = ssl.create_default_context(cadata=pki.authority().decode())
        self._client = httpx.Client(
            base_url=self.server,
            verify=context,
            headers={"Authorization": f"Bearer {token or pki.admin_token()}"},
            timeout=30,
            # a proxy set for the internet must not be asked for loopback
            trust_env=False,
        )

    def __enter__(self) -> Api:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._client.close()

    def ready(self) -> bool:
        """Whether the server says that all its start hooks are done."""
        try:
            return self._client.get("/readyz", timeout=5).status_code == 200
        except httpx.HTTPError:
            return False

    def call(self, method: str, path: str, body: Object | None = None, content_type: str = "application/json") -> Object:
        """One request; ApiError with the server's message, httpx.HTTPError when it is not reached."""
        answer = self._client.request(
            method,
            path,
            content=json.dumps(body) if body is not None else None,
            headers={"Content-Type": content_type},
        )
        data: Object = answer.json() if "json" in answer.headers.get("content-type", "") else {"message": answer.text}
        if answer.is_error:
            raise ApiError(answer.status_code, data.get("message") or answer.reason_phrase)
        return data

    def get(self, path: str) -> Object | None:
        """An object or list; None where there is none."""
        try:
            return self.call("GET", path)
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def items(self, path: str) -> list[Object]:
        """The items of a list."""
        found: list[Object] = self.call("GET", path)["items"]
        return found

    def apply(self, path: str, body: Object) -> Object:
        """Server-side apply under the sandbox's own field manager."""
        return self.call("PATCH", f"{path}?fieldManager={MANAGER}&force=true", body, "application/apply-patch+yaml")

    def delete(self, path: str) -> None:
        """Deletes an object; fine when it is gone already."""
        try:
            self.call("DELETE", path)
        except ApiError as error:
            if error.status != 404:
                raise
