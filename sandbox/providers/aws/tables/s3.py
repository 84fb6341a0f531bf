"""S3 buckets and the resources that hold one setting of a bucket each (moto)."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.providers.aws.clients import ApiError, AwsContext
from sandbox.providers.aws.rest import Rest, Tags
from sandbox.providers.aws.shapes import at, from_api, to_api
from sandbox.providers.cloud.spec import Api, Json, Name, Spec
from sandbox.providers.model import Failure

TAGS = Tags()


class Bucket(Rest):
    """The bucket alone; its settings are resources of their own since version 7 of the provider."""

    def create(self, cx: AwsContext, inputs: Json) -> str:
        """Refuses a bucket that exists: in us-east-1 the API itself would silently say yes."""
        name = str(inputs["bucket"])
        if cx.maybe("s3", "head_bucket", Bucket=name) is not None:
            raise Failure(f'bucket: "{name}" exists already and does not belong to {cx.urn}')
        place = None if cx.region == "us-east-1" else {"LocationConstraint": cx.region}
        lock = inputs.get("objectLockEnabled")
        cx.run("s3", "create_bucket", Bucket=name, CreateBucketConfiguration=place, ObjectLockEnabledForBucket=lock)
        self._tag(cx, name, self.all_tags(cx, inputs))
        return name

    def read(self, cx: AwsContext, id: str, inputs: Json) -> Json | None:
        """Tags are all that a bucket has of itself."""
        if cx.maybe("s3", "head_bucket", Bucket=id) is None:
            return None
        found: Json = {
            "bucket": id,
            "arn": f"arn:aws:s3:::{id}",
            "bucketDomainName": f"{id}.s3.amazonaws.com",
            "bucketRegionalDomainName": f"{id}.s3.{cx.region}.amazonaws.com",
            "bucketRegion": cx.region,
        }
        tagging = cx.maybe("s3", "get_bucket_tagging", Bucket=id) or {}
        self.put_tags(cx, found, TAGS.read(tagging.get("TagSet")), inputs)
        return found

    def update(self, cx: AwsContext, id: str, old: Json, new: Json) -> None:
        """Tags are replaced as a whole."""
        if self.all_tags(cx, old) != self.all_tags(cx, new):
            cx.run("s3", "delete_bucket_tagging", Bucket=id)
            self._tag(cx, id, self.all_tags(cx, new))

    def delete(self, cx: AwsContext, id: str, old: Json) -> None:
        """With forceDestroy every version of every object goes first; else the API refuses a bucket that holds any."""
        if old.get("forceDestroy"):
            self._empty(cx, id)
        cx.maybe("s3", "delete_bucket", Bucket=id)

    def find(self, cx: AwsContext, inputs: Json) -> str | None:
        """By name."""
        name = str(inputs["bucket"])
        return name if cx.maybe("s3", "head_bucket", Bucket=name) is not None else None

    def _tag(self, cx: AwsContext, name: str, tags: Json) -> None:
        if tags:
            cx.run("s3", "put_bucket_tagging", Bucket=name, Tagging={"TagSet": TAGS.write(tags)})

    def _empty(self, cx: AwsContext, id: str) -> None:
        while versions := cx.maybe("s3", "list_object_versions", Bucket=id):
            entries = [*versions.get("Versions", []), *versions.get("DeleteMarkers", [])]
            if not entries:
                return
            objects = [{"Key": entry["Key"], "VersionId": entry["VersionId"]} for entry in entries]
            cx.run("s3", "delete_objects", Bucket=id, Delete={"Objects": objects})


@dataclass(frozen=True)
class Setting(Api):
    """One setting of a bucket: put, get and delete operations around one structure."""

    noun: str
    """Of the operations: put_<noun>, get_<noun>, delete_<noun>."""
    member: str
    """The parameter of the put operation that holds the setting; empty where `write` gives them all."""
    item: str = ""
    """Where the get operation's answer has it; the whole answer when empty."""
    names: Mapping[str, str] = field(default_factory=dict)
    write: Callable[[Json], Json] | None = None
    """Inputs -> the structure to put, where names alone do not lead there."""
    live: Callable[[Json, Json], Json] | None = None
    """(inputs, answer) -> inputs as they are."""
    reset: Mapping[str, Any] | None = None
    """What to put at delete, for settings that have no delete operation."""
    present: Callable[[Any], bool] = bool

    def create(self, cx: AwsContext, inputs: Json) -> str:
        """Put the setting; the bucket's name is its id."""
        bucket = str(inputs["bucket"])
        self._put(cx, bucket, inputs)
        return bucket

    def read(self, cx: AwsContext, id: str, inputs: Json) -> Json | None:
        """Ids of older providers carry more than the bucket after a comma."""
        bucket = id.split(",", maxsplit=1)[0]
        answer = cx.maybe("s3", f"get_{self.noun}", Bucket=bucket)
        item = at(answer, self.item) if answer is not None else None
        if not self.present(item):
            return None
        own = {key: value for key, value in inputs.items() if key not in ("bucket", "region", "expectedBucketOwner")}
        found = self.live(own, item or {}) if self.live else from_api(own, item, self.names)
        return {"bucket": bucket, **found}

    def update(self, cx: AwsContext, id: str, old: Json, new: Json) -> None:
        """Putting again replaces the whole setting."""
        self._put(cx, id.split(",", maxsplit=1)[0], new)

    def delete(self, cx: AwsContext, id: str, old: Json) -> None:
        """Gone, or what a new bucket has."""
        bucket = id.split(",", maxsplit=1)[0]
        if self.reset is None:
            cx.maybe("s3", f"delete_{self.noun.removesuffix('_configuration')}", Bucket=bucket)
        else:
            cx.maybe("s3", f"put_{self.noun}", Bucket=bucket, **self.reset)

    def find(self, cx: AwsContext, inputs: Json) -> str | None:
        """A setting that an interrupted create may have put is simply put again."""
        return None

    def _put(self, cx: AwsContext, bucket: str, inputs: Json) -> None:
        operation = f"put_{self.noun}"
        if self.write:
            content = self.write(inputs)
        else:
            shape = cx.input("s3", operation).members[self.member]
            content = {self.member: to_api(shape, {k: v for k, v in inputs.items() if k not in ("bucket", "region")}, self.names)}
        cx.run("s3", operation, Bucket=bucket, **content)


def _versioning(inputs: Json, item: Json) -> Json:
    return {
        "versioningConfiguration": from_api(
            inputs.get("versioningConfiguration", {"status": ""}), item, {"mfaDelete": "MFADelete"}
        )
    }


def _logging(inputs: Json) -> Json:
    target = {"TargetBucket": inputs["targetBucket"], "TargetPrefix": inputs["targetPrefix"]}
    return {"BucketLoggingStatus": {"LoggingEnabled": target}}


def _rules(inputs: Json, item: Json) -> Json:
    found: Json = from_api({"rules": inputs.get("rules", [])}, item)
    return found


def _lifecycle(inputs: Json) -> Json:
    """The API's rules spell some limits apart and want a filter in each; tags are a list there, a map here."""
    return {"LifecycleConfiguration": {"Rules": [_lifecycle_rule(rule) for rule in inputs.get("rules") or []]}}


def _lifecycle_rule(rule: Json) -> Json:
    found: Json = {"ID": rule["id"], "Status": rule["status"]}
    plain = {
        "abortIncompleteMultipartUpload": "AbortIncompleteMultipartUpload",
        "expiration": "Expiration",
        "noncurrentVersionExpiration": "NoncurrentVersionExpiration",
        "noncurrentVersionTransitions": "NoncurrentVersionTransitions",
        "transitions": "Transitions",
    }
    found |= {member: _capitals(rule[name]) for name, member in plain.items() if rule.get(name) is not None}
    if rule.get("prefix") is not None:
        return {**found, "Prefix": rule["prefix"]}
    given = _capitals(rule.get("filter") or {})
    if isinstance(both := given.get("And"), dict) and isinstance(both.get("Tags"), dict):
        both["Tags"] = TAGS.write(both["Tags"])
    return {**found, "Filter": given or {"Prefix": ""}}


def _capitals(value: Any) -> Any:
    if isinstance(value, dict):
        return {key[:1].upper() + key[1:]: _capitals(item) for key, item in value.items()}
    return [_capitals(item) for item in value] if isinstance(value, list) else value


class Object(Rest):
    """An object with its content in the program (`content`, `contentBase64`)."""

    def create(self, cx: AwsContext, inputs: Json) -> str:
        """The key is the id; without one the logical name is."""
        self.update(cx, "", {}, inputs)
        return str(inputs["key"])

    def read(self, cx: AwsContext, id: str, inputs: Json) -> Json | None:
        """Only the content's hash comes back: an object's bytes are no business of a refresh."""
        head = cx.maybe("s3", "head_object", Bucket=inputs["bucket"], Key=id) if inputs.get("bucket") else None
        if head is None:
            return None
        return {
            "key": id,
            "arn": f"arn:aws:s3:::{inputs['bucket']}/{id}",
            "etag": str(head.get("ETag", "")).strip('"'),
            "versionId": head.get("VersionId", ""),
            "contentType": head.get("ContentType", ""),
            "tagsAll": self.all_tags(cx, inputs),
        }

    def update(self, cx: AwsContext, id: str, old: Json, new: Json) -> None:
        """Putting again makes a new version."""
        if "source" in new:
            raise Failure("source: the simulated aws provider stores objects from content or contentBase64 only")
        body = base64.b64decode(new["contentBase64"]) if "contentBase64" in new else str(new.get("content", "")).encode()
        extra = {"ContentType": new.get("contentType"), "ServerSideEncryption": new.get("serverSideEncryption")}
        cx.run("s3", "put_object", Bucket=new["bucket"], Key=new["key"], Body=body, SSEKMSKeyId=new.get("kmsKeyId"), **extra)

    def delete(self, cx: AwsContext, id: str, old: Json) -> None:
        """Gone, or a delete marker where the bucket keeps versions."""
        try:
            cx.maybe("s3", "delete_object", Bucket=old["bucket"], Key=id)
        except ApiError as error:
            if not error.gone:
                raise


_OBJECT = Spec(
    name=Name("key", 255, allowed=r"[\w.-]"),
    replace=("bucket",),
    api=Object("s3", "put_object", "head_object", "delete_object", {}),
)

TYPES: dict[str, Spec] = {
    "aws:s3/bucket:Bucket": Spec(
        name=Name("bucket", 63, lower=True, allowed=r"[a-z0-9.-]"),
        replace=("bucketPrefix", "objectLockEnabled", "region"),
        api=Bucket("s3", "create_bucket", "head_bucket", "delete_bucket", {"Bucket": "{id}"}),
        json=("policy",),
    ),
    "aws:s3/bucketObject:BucketObject": _OBJECT,
    "aws:s3/bucketObjectv2:BucketObjectv2": _OBJECT,
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": Spec(
        replace=("bucket",),
        api=Setting("public_access_block", "PublicAccessBlockConfiguration", "PublicAccessBlockConfiguration"),
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": Spec(
        replace=("bucket",),
        choices={"rules.applyServerSideEncryptionByDefault.sseAlgorithm": "s3:ServerSideEncryption"},
        api=Setting(
            "bucket_encryption",
            "ServerSideEncryptionConfiguration",
            "ServerSideEncryptionConfiguration",
            live=_rules,
        ),
    ),
    "aws:s3/bucketVersioning:BucketVersioning": Spec(
        replace=("bucket",),
        choices={"versioningConfiguration.status": ("Enabled", "Suspended", "Disabled")},
        api=Setting(
            "bucket_versioning",
            "",
            live=_versioning,
            present=lambda item: bool(item and item.get("Status")),
            write=lambda inputs: {"VersioningConfiguration": {"Status": inputs["versioningConfiguration"]["status"]}},
            reset={"VersioningConfiguration": {"Status": "Suspended"}},
        ),
    ),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": Spec(
        replace=("bucket",),
        choices={"rule.objectOwnership": "s3:ObjectOwnership"},
        api=Setting("bucket_ownership_controls", "OwnershipControls", "OwnershipControls", names={"rule": "Rules"}),
    ),
    "aws:s3/bucketPolicy:BucketPolicy": Spec(
        replace=("bucket",),
        json=("policy",),
        api=Setting("bucket_policy", "", write=lambda inputs: {"Policy": inputs["policy"]}),
    ),
    "aws:s3/bucketLogging:BucketLogging": Spec(
        replace=("bucket",),
        api=Setting("bucket_logging", "", "LoggingEnabled", write=_logging, reset={"BucketLoggingStatus": {}}),
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": Spec(
        replace=("bucket",),
        api=Setting(
            "bucket_lifecycle_configuration",
            "",
            write=_lifecycle,
            live=lambda inputs, item: {},
        ),
    ),
}
