"""What grants have in common: the generated password, in a Secret of the consumer's namespace and in one beside the server."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pulumi

from components.contracts import BucketAccess, Consumer
from components.kubernetes.minio_client import Grant
from components.kubernetes.minio_scripts import policy
from components.kubernetes.objects import digest, password, secret
from components.kubernetes.place import Place
from components.naming import bucket_secret, fit

Data = Mapping[str, pulumi.Input[str]]
Run = Callable[[str, str, pulumi.ResourceOptions, Grant], pulumi.Resource]
"""(name, script, options, grant) -> the Job that runs the script with the store's client."""


@dataclass(frozen=True)
class Given:
    """One consumer's credentials."""

    word: pulumi.Output[str]
    """The generated password or key."""
    secret: str
    """Name of the Secret in the consumer's namespace."""
    opts: pulumi.ResourceOptions
    """Of what the grant makes besides: after the server."""
    after: pulumi.ResourceOptions
    """Of what reads the Secret beside the server: after that too."""


def give(
    name: str,
    place: Place,
    consumer: Consumer,
    server: pulumi.Resource,
    data: Callable[[pulumi.Output[str]], Data],
    *,
    here: str,
    theirs: str,
    own: Callable[[pulumi.Output[str]], Data] | None = None,
    part: str = "password",
    length: int = 32,
    labels: Mapping[str, str] | None = None,
) -> Given:
    """Draws a password and writes both Secrets, once `server` stands; what the consumer waits for is noted in its `ready`.

    `here` and `theirs` are the Secrets' names, `data` their content, `own` that of the one beside the server where it differs,
    `part` ends the password's resource name, `labels` are those of the consumer's Secret where the place has others.
    """
    opts = pulumi.ResourceOptions.merge(consumer.opts or place.opts, pulumi.ResourceOptions(depends_on=[server]))
    word = password(f"{name}-{part}", opts, length).result
    kept = secret(f"{name}-here", place, (own or data)(word), object_name=here, opts=opts)
    there = Place(place.system, consumer.namespace or place.namespace, labels or place.labels, opts)
    given = secret(f"{name}-given", there, data(word), object_name=theirs, opts=opts)
    consumer.ready.append(given)
    return Given(word, theirs, opts, pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[kept])))


def give_bucket(
    name: str,
    place: Place,
    bucket: str,
    consumer: Consumer,
    servers: pulumi.Resource,
    run: Run,
    script: str,
    *,
    endpoint: pulumi.Input[str],
    region: str,
    bundle: str,
    labels: Mapping[str, str] | None = None,
) -> BucketAccess:
    """A bucket and a key limited to it: `script` makes both, by the key's Secret beside the store and a policy of that name."""
    access_key = fit(f"{consumer.name}-{bucket}", 63)
    name, here = f"{name}-{access_key}", fit(f"bucket-{access_key}", 63)

    def data(word: pulumi.Output[str]) -> Data:
        return {"AWS_ACCESS_KEY_ID": access_key, "AWS_SECRET_ACCESS_KEY": word}

    theirs = bucket_secret(consumer.name, bucket)
    given = give(name, place, consumer, servers, data, here=here, theirs=theirs, part="key", length=40, labels=labels)
    consumer.ready.append(run(name, script, given.after, Grant(policy(bucket), here, digest(given.word))))
    return BucketAccess(bucket=bucket, region=region, endpoint=endpoint, secret=given.secret, ca_config_map=bundle)


def login(username: str) -> Callable[[pulumi.Output[str]], Data]:
    """Keys `username` and `password`."""
    return lambda word: {"username": username, "password": word}
