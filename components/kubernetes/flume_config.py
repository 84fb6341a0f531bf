"""What a Flume agent reads: pure text from a few decisions (Flume 1.11.0; keys as its sources name them)."""

from collections.abc import Mapping

import pulumi

from components.contracts import BrokerAccess, BucketAccess

AGENT = "agent"
CONF_PATH = "/etc/mlops/flume"
STATE_PATH = "/var/lib/flume"
CA_FILE = "/etc/mlops/kafka-ca/ca.crt"
PORTS = {"http": 8080, "syslog": 5140, "avro": 4141}
"""Port of each source that listens."""
METRICS_PORT = 34545
LOGGING = """\
<?xml version="1.0" encoding="UTF-8"?>
<Configuration status="WARN">
  <Appenders>
    <Console name="console" target="SYSTEM_OUT">
      <PatternLayout pattern="%d{ISO8601} %-5p [%t] %c: %m%n"/>
    </Console>
  </Appenders>
  <Loggers>
    <Root level="INFO">
      <AppenderRef ref="console"/>
    </Root>
  </Loggers>
</Configuration>
"""

Text = pulumi.Input[str]


def _security(prefix: str, broker: BrokerAccess) -> dict[str, Text]:
    """TLS and login of a Kafka client; the login comes from the environment."""
    found: dict[str, Text] = {
        f"{prefix}.security.protocol": "SASL_SSL",
        f"{prefix}.sasl.mechanism": broker.mechanism,
        f"{prefix}.sasl.jaas.config": "${env['KAFKA_SASL_JAAS_CONFIG']}",
    }
    if broker.ca_config_map is not None:
        found |= {f"{prefix}.ssl.truststore.type": "PEM", f"{prefix}.ssl.truststore.location": CA_FILE}
    return found


def source(name: str, kind: str, topic: str | None, broker: BrokerAccess | None) -> dict[str, Text]:
    """The source's keys. A Kafka source's group begins with its user's name, as the broker's rights ask."""
    if kind == "kafka":
        assert broker is not None and topic is not None
        return {
            "type": "org.apache.flume.source.kafka.KafkaSource",
            "kafka.bootstrap.servers": broker.bootstrap,
            "kafka.topics": topic,
            "kafka.consumer.group.id": pulumi.Output.concat(broker.username or AGENT, f"-{name}"),
            "kafka.consumer.auto.offset.reset": "earliest",
            **_security("kafka.consumer", broker),
        }
    kinds = {"http": ("http", "bind"), "syslog": ("syslogtcp", "host"), "avro": ("avro", "bind")}
    type_, address = kinds[kind]
    return {"type": type_, address: "0.0.0.0", "port": str(PORTS[kind])}


def sink(name: str, topic: str | None, broker: BrokerAccess | None, store: BucketAccess | None) -> dict[str, Text]:
    """The sink's keys: a topic, or files by day that are closed every five minutes or 128 MiB."""
    if topic is not None:
        assert broker is not None
        return {
            "type": "org.apache.flume.sink.kafka.KafkaSink",
            "kafka.bootstrap.servers": broker.bootstrap,
            "kafka.topic": topic,
            "kafka.producer.acks": "all",
            **_security("kafka.producer", broker),
        }
    assert store is not None
    return {
        "type": "hdfs",
        "hdfs.path": pulumi.Output.concat("s3a://", store.bucket, f"/{name}/%Y/%m/%d"),
        "hdfs.filePrefix": "%[localhost]",
        "hdfs.fileType": "DataStream",
        "hdfs.useLocalTimeStamp": "true",
        "hdfs.timeZone": "UTC",
        "hdfs.rollInterval": "300",
        "hdfs.rollSize": str(128 * 2**20),
        "hdfs.rollCount": "0",
    }


def channel(capacity: int) -> dict[str, Text]:
    """A file channel: events survive the pod, its checkpoint has a copy."""
    return {
        "type": "file",
        "checkpointDir": f"{STATE_PATH}/checkpoint",
        "useDualCheckpoints": "true",
        "backupCheckpointDir": f"{STATE_PATH}/backup",
        "dataDirs": f"{STATE_PATH}/data",
        "capacity": str(capacity),
        "transactionCapacity": "10000",
    }


def properties(sources: Mapping[str, Text], channels: Mapping[str, Text], sinks: Mapping[str, Text]) -> pulumi.Output[str]:
    """flume.conf of one agent: one source, one channel, one sink."""
    lines: dict[str, Text] = {
        f"{AGENT}.configfilters": "env",
        f"{AGENT}.configfilters.env.type": "env",
        f"{AGENT}.sources": "in",
        f"{AGENT}.channels": "wait",
        f"{AGENT}.sinks": "out",
        **{f"{AGENT}.sources.in.{key}": value for key, value in sources.items()},
        f"{AGENT}.sources.in.channels": "wait",
        **{f"{AGENT}.channels.wait.{key}": value for key, value in channels.items()},
        **{f"{AGENT}.sinks.out.{key}": value for key, value in sinks.items()},
        f"{AGENT}.sinks.out.channel": "wait",
    }
    return pulumi.Output.concat(*(part for key, value in lines.items() for part in (key, " = ", value, "\n")))
