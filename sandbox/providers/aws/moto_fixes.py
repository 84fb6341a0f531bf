"""Where moto 5.2 fails inside on what AWS accepts or refuses: corrected when a service is first used, nothing else is touched."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any


def apply(service: str) -> None:
    """Correct a service that moto has just loaded."""
    if (fix := _FIXES.get(service)) is not None:
        fix()


def _s3() -> None:
    """Server access logging: moto reads every statement of the log bucket's policy as one with a service as principal.

    It fails inside on `"Principal": "*"`, which every policy that demands TLS has, and takes no list of resources. And objects:
    moto applies a policy's statements whatever their conditions, so that a policy that refuses what came without TLS refuses all.
    And it fails inside when the last thing that goes of an object is a delete marker.
    """
    from moto.iam.access_control import IAMPolicy, PermissionResult
    from moto.s3 import models
    from moto.s3.utils import LOGGING_SERVICE_PRINCIPAL

    def allowed(target_bucket: Any, target_prefix: str | None) -> bool:
        policy = json.loads(target_bucket.policy.decode()) if target_bucket.policy else {}
        arn = f"arn:{target_bucket.partition}:s3:::{target_bucket.name}"
        accepted = {arn, f"{arn}/*", f"{arn}/{target_prefix or ''}*"}
        return any(
            statement.get("Effect") == "Allow"
            and LOGGING_SERVICE_PRINCIPAL in _listed(_service(statement.get("Principal")))
            and {"s3:PutObject", "s3:*"} & set(_listed(statement.get("Action")))
            and accepted & set(_listed(statement.get("Resource")))
            for statement in _listed(policy.get("Statement"))
        )

    def permission(self: Any, action: str, resource: Any) -> Any:
        policy = json.loads(self.policy.decode()) if self.policy else None
        if policy is None:
            return PermissionResult.NEUTRAL
        # the loopback address stands for the service's own, which is reached by TLS
        kept = [statement for statement in _listed(policy.get("Statement")) if not _only_without_tls(statement)]
        return IAMPolicy(json.dumps({**policy, "Statement": kept})).is_action_permitted(action, resource)

    models.FakeDeleteMarker.dispose = lambda self, garbage=False: None  # type: ignore[attr-defined]
    models.FakeBucket.get_permission = permission  # type: ignore[method-assign]
    models.FakeBucket._log_permissions_enabled_policy = staticmethod(allowed)  # type: ignore[method-assign]


def _only_without_tls(statement: Any) -> bool:
    wanted = (statement.get("Condition") or {}).get("Bool") or {}
    return str(wanted.get("aws:SecureTransport")).lower() == "false"


def _service(principal: Any) -> Any:
    return principal.get("Service") if isinstance(principal, dict) else None


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _rds() -> None:
    """Groups in use: moto deletes them, and from then on fails inside whenever instances are described."""
    from moto.rds.exceptions import RDSClientError
    from moto.rds.models import RDSBackend

    def guard(name: str, attribute: str, code: str) -> None:
        method = getattr(RDSBackend, name)

        def delete(self: Any, group: str) -> Any:
            users = [id for id, database in self.databases.items() if getattr(database, attribute, None) == group]
            if users:
                raise RDSClientError(code, f"{group} is still used by {', '.join(users)}")
            return method(self, group)

        setattr(RDSBackend, name, delete)

    # Codes: botocore's model of DeleteDBParameterGroup and DeleteDBSubnetGroup.
    guard("delete_db_parameter_group", "db_parameter_group_name", "InvalidDBParameterGroupState")
    guard("delete_subnet_group", "db_subnet_group_name", "InvalidDBSubnetGroupStateFault")


_FIXES: dict[str, Callable[[], None]] = {"s3": _s3, "rds": _rds}
