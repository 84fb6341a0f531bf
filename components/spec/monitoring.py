"""Typed configuration of what keeps metrics and logs for long."""

from pydantic import Field, field_validator

from components.spec.base import Duration, Name, Odd, Quantity, Resources, System, duration_seconds

DAY = 86400


class Thanos(System):
    """Long-term metrics in the object store: Thanos on Kubernetes."""

    replicas: int = Field(default=2, ge=1, le=10, description="Pods of query, store gateway and ruler each.")
    retention: Duration = Field(default="30d", description="How long samples are kept as scraped; 3d at least.")
    retention5m: Duration = Field(default="180d", description="How long samples of five minutes are kept; 11d at least.")
    retention1h: Duration = Field(default="2y", description="How long samples of one hour are kept.")
    downsampling: bool = Field(default=True, description="Make samples of five minutes and one hour for the long view.")
    storage: Quantity = Field(default="10Gi", description="Volume of each store gateway and ruler in bytes.")
    compactor_storage: Quantity = Field(default="50Gi", description="Volume of the compactor in bytes.")
    storage_class: str | None = Field(default=None, description="StorageClass of the volumes; the cluster's default if unset.")
    resources: Resources = Field(default=Resources(cpu="100m", memory="512Mi"), description="Requests and limits of each pod.")
    compactor: Resources = Field(default=Resources(cpu="250m", memory="1Gi"), description="Requests and limits of the compactor.")

    @field_validator("retention", "retention5m")
    @classmethod
    def _outlives_downsampling(cls, value: str, info: object) -> str:
        # blocks are downsampled once they are 40 hours (to 5 m) and 10 days (to 1 h) old: shorter would lose samples
        least = 3 if getattr(info, "field_name", "") == "retention" else 11
        if duration_seconds(value) < least * DAY:
            raise ValueError(f'expected at least "{least}d": samples must outlive the age at which they are downsampled')
        return value


class Loki(System):
    """Logs by team in the object store: Loki and a collector on every node on Kubernetes."""

    replicas: Odd = Field(
        default=1, ge=1, le=9, description="Loki pods: 1, or an odd number from 3 (each line in three of them)."
    )
    retention: Duration = Field(default="30d", description="How long logs are kept; 1d at least.")
    team_retention: dict[Name, Duration] = Field(
        default_factory=dict, description='How long the logs of a team (or of "platform") are kept, where it differs.'
    )
    storage: Quantity = Field(default="10Gi", description="Volume of each pod in bytes: what is not in the object store yet.")
    storage_class: str | None = Field(default=None, description="StorageClass of the volumes; the cluster's default if unset.")
    resources: Resources = Field(default=Resources(cpu="250m", memory="1Gi"), description="Requests and limits of each pod.")
    collector: Resources = Field(
        default=Resources(cpu="50m", memory="256Mi"), description="Requests and limits of the collector on each node."
    )

    @field_validator("retention")
    @classmethod
    def _a_day(cls, value: str) -> str:
        if duration_seconds(value) < DAY:
            raise ValueError('expected at least "1d": Loki keeps its index by the day')
        return value
