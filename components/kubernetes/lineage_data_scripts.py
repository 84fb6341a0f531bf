"""What the lineage job's steps over data run: the topic, the batch job, the bucket and its versions.

Each fails where what it was to prove does not hold, and ends with a line that says what it proved.
"""

CLIENT = """\
set -eu
umask 077
{
  printf 'security.protocol=SASL_SSL\\nsasl.mechanism=%s\\nsasl.jaas.config=%s\\n' \\
    "$KAFKA_SASL_MECHANISM" "$KAFKA_SASL_JAAS_CONFIG"
  if test -n "${KAFKA_CA:-}"; then printf 'ssl.truststore.type=PEM\\nssl.truststore.location=%s\\n' "$KAFKA_CA"; fi
} > /tmp/client.properties
umask 022
"""
"""The login as a file that this user alone reads: arguments of a process are seen by others."""

PRODUCE = (
    CLIENT
    + """\
number=1
while test "$number" -le "$RECORDS"; do
  echo "$RUN_ID,$number,$((3 * number + 2))"
  number=$((number + 1))
done > "$LINEAGE_WORK/sent.csv"
"$KAFKA_BIN/kafka-console-producer.sh" --bootstrap-server "$KAFKA_BOOTSTRAP_SERVERS" --topic "$KAFKA_TOPIC" \\
  --command-config /tmp/client.properties < "$LINEAGE_WORK/sent.csv"
echo "$RECORDS records written to topic $KAFKA_TOPIC"
"""
)

CONSUME = (
    CLIENT
    + """\
"$KAFKA_BIN/kafka-console-consumer.sh" --bootstrap-server "$KAFKA_BOOTSTRAP_SERVERS" --topic "$KAFKA_TOPIC" \\
  --group "$KAFKA_USERNAME-$RUN_ID" --from-beginning --timeout-ms 30000 --command-config /tmp/client.properties \\
  > /tmp/read.csv
# of earlier runs there may be records too
{ grep "^$RUN_ID," /tmp/read.csv || true; } | sort -u > "$LINEAGE_WORK/records.csv"
sort -u "$LINEAGE_WORK/sent.csv" > /tmp/sent.csv
if ! cmp -s /tmp/sent.csv "$LINEAGE_WORK/records.csv"; then
  echo "topic $KAFKA_TOPIC: $(wc -l < "$LINEAGE_WORK/records.csv") records of this run, and $RECORDS were written" >&2
  exit 1
fi
echo "$RECORDS records read back from topic $KAFKA_TOPIC"
"""
)

VERSION = """\
set -eu
rm -rf /tmp/repository
mkdir /tmp/repository
cd /tmp/repository
dvc init --quiet --no-scm
cp "$LINEAGE_WORK/records.csv" .
dvc add --quiet records.csv
dvc push --quiet
rm -rf .dvc/cache records.csv
dvc pull --quiet
cmp records.csv "$LINEAGE_WORK/records.csv"
cp records.csv.dvc "$LINEAGE_WORK/records.csv.dvc"
echo "records.csv pushed, forgotten and pulled"
"""

PROCESS = '''\
"""Submits the batch job to the operator's API and waits for its end."""

import json
import os
import sys
import time
from pathlib import Path

from common import RUN, call

API = "https://kubernetes.default.svc/apis/" + os.environ["BATCH_API"]
ACCESS = Path(os.environ["TOKEN_PATH"])
SECONDS = int(os.environ.get("BATCH_SECONDS", "1200"))


def ask(method, url, body=None):
    # the kubelet renews the token
    status, found = call(method, url, body, (ACCESS / "token").read_text().strip(), str(ACCESS / "ca.crt"))
    if status >= 300:
        sys.exit(f"{method} {url}: {status} {found}")
    return found


job = json.loads(Path(os.environ["BATCH_JOB"]).read_text().replace("@RUN@", RUN))
ask("POST", API, job)
end = time.monotonic() + SECONDS
state = ""
while time.monotonic() < end:
    state = (ask("GET", f"{API}/{job['metadata']['name']}").get("status") or {}).get("applicationState", {}).get("state", "")
    if state in ("COMPLETED", "FAILED", "SUBMISSION_FAILED"):
        break
    time.sleep(float(os.environ.get("BATCH_POLL", "5")))
if state != "COMPLETED":
    sys.exit(f"batch job {job['metadata']['name']}: {state or 'no state'} after at most {SECONDS} s")
print(f"batch job {job['metadata']['name']} has read the topic and written to the bucket")
'''

BATCH = '''\
"""Runs in Spark: the records of one run, from the topic to text files; fails where there are fewer than were written."""

import os
import sys

from pyspark.sql import SparkSession
from pyspark.sql.functions import col

run, topic, wanted, target = sys.argv[1:]
spark = SparkSession.builder.getOrCreate()
options = {
    "kafka.bootstrap.servers": os.environ["KAFKA_BOOTSTRAP_SERVERS"],
    "kafka.security.protocol": os.environ["KAFKA_SECURITY_PROTOCOL"],
    "kafka.sasl.mechanism": os.environ["KAFKA_SASL_MECHANISM"],
    "subscribe": topic,
    "startingOffsets": "earliest",
}
if "KAFKA_SASL_JAAS_CONFIG" in os.environ:
    options["kafka.sasl.jaas.config"] = os.environ["KAFKA_SASL_JAAS_CONFIG"]
    # the broker lets a user read in groups that begin with its own name
    options["groupIdPrefix"] = os.environ["KAFKA_USERNAME"]
if "KAFKA_CA" in os.environ:
    options["kafka.ssl.truststore.type"] = "PEM"
    options["kafka.ssl.truststore.location"] = os.environ["KAFKA_CA"]
read = spark.read.format("kafka").options(**options).load().select(col("value").cast("string").alias("value"))
found = read.where(col("value").startswith(run + ",")).distinct()
if (count := found.count()) != int(wanted):
    sys.exit(f"topic {topic}: {count} records of run {run}, and {wanted} were written")
found.write.mode("overwrite").text(target)
'''

STORE = '''\
"""Writes the records to the bucket and reads them back; what the batch job wrote there must be the same."""

import os
import sys

import boto3
from common import RUN, WORK, records

bucket, base = os.environ["STORE_BUCKET"], f"runs/{RUN}/"
store = boto3.client("s3", endpoint_url=os.environ.get("STORE_ENDPOINT") or None, region_name=os.environ["STORE_REGION"])
records()
own = (WORK / "records.csv").read_bytes()
store.put_object(Bucket=bucket, Key=base + "records.csv", Body=own)
if store.get_object(Bucket=bucket, Key=base + "records.csv")["Body"].read() != own:
    sys.exit(f"s3://{bucket}/{base}records.csv: not what was written")
if os.environ.get("STORE_PROCESSED"):
    lines = []
    for page in store.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=base + "processed/part-"):
        for item in page.get("Contents", []):
            lines += store.get_object(Bucket=bucket, Key=item["Key"])["Body"].read().decode().splitlines()
    if sorted(lines) != sorted(own.decode().splitlines()):
        sys.exit(f"s3://{bucket}/{base}processed: {len(lines)} lines, not the records that were written")
print(f"{len(own.splitlines())} records at s3://{bucket}/{base}")
'''
