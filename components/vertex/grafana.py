"""Dashboards on Google Cloud: Grafana on Cloud Run behind Identity-Aware Proxy, with Cloud Monitoring as data source."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_gcp as gcp
import yaml

from components import contracts
from components.contracts import DatabaseAccess
from components.spec.serving import Grafana
from components.system import Site
from components.vertex import cloudrun
from components.vertex.cloudrun import RunPlaceArgs
from components.vertex.identity import member, on_project

IMAGE = "docker.io/grafana/grafana:13.2.0"
"""The version of Grafana's chart 12.11.1, as on Kubernetes (read 2026-11-23); digest unverified."""
NAME = "grafana"
ASSERTION = "X-Goog-IAP-JWT-Assertion"
KEYS = "https://www.gstatic.com/iap/verify/public_key-jwk"
ISSUER = "https://cloud.google.com/iap"
"""IAP, "Securing your app with signed headers"."""


@dataclass
class CloudRunGrafanaArgs:
    """One Grafana."""

    place: RunPlaceArgs
    database: DatabaseAccess
    viewers: list[str] = field(default_factory=list)
    """Who may log in, as IAM names them ("domain:example.org"); nobody but who the project's owners let in if empty."""


class CloudRunGrafana(pulumi.ComponentResource):
    """Grafana without a password: IAP says who somebody is, and Grafana checks the signature of what IAP says.

    Creates: artifactregistry.Repository that fetches the image, a secret with the provisioned data source, cloudrunv2.Service
    (Grafana, the Cloud SQL Auth Proxy) with IAP, the right of IAP's service agent to call it, roles/monitoring.viewer for its
    service account. Google has no managed Grafana. Source: Cloud Run, "Configure IAP"; Grafana documentation, "JWT
    authentication" and "Google Cloud Monitoring data source" (authentication by the metadata server).
    """

    url: pulumi.Output[str]

    needs = (contracts.Network, contracts.Metrics, contracts.Database)
    optional = ()
    provides = (contracts.Dashboards,)
    tiers = ("all", "platform")
    essential_type = "gcp:cloudrunv2/service:Service"
    role_service = "run.googleapis.com"

    def __init__(self, name: str, args: CloudRunGrafanaArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:CloudRunGrafana", name, {}, opts)
        self._opts = pulumi.ResourceOptions(parent=self)
        self._name, self._args = name, args
        place = args.place
        number = gcp.organizations.get_project_output(
            project_id=place.project, opts=pulumi.InvokeOutputOptions(parent=self)
        ).number
        source, readable = self._source()
        rights = on_project(f"{name}-monitoring", "roles/monitoring.viewer", place.account, place.project, self._opts)
        server = cloudrun.application(
            cloudrun.pulled(name, IMAGE, place, self._opts),
            place,
            environment=self._told(number),
            health="/api/health",
            mounts={"/etc/grafana/provisioning/datasources": "datasources"},
        )
        volume = gcp.cloudrunv2.ServiceTemplateVolumeArgs(
            name="datasources",
            secret=gcp.cloudrunv2.ServiceTemplateVolumeSecretArgs(
                secret=source.secret,
                default_mode=0o444,
                items=[gcp.cloudrunv2.ServiceTemplateVolumeSecretItemArgs(path="platform.yaml", version=source.version)],
            ),
        )
        made = cloudrun.service(
            f"{name}-server",
            place,
            [server, cloudrun.proxy(args.database, place.mirror)],
            pulumi.ResourceOptions.merge(self._opts, pulumi.ResourceOptions(depends_on=[readable, rights])),
            volumes=[volume],
            iap=True,
        )
        self._let_in(made, place)
        self.url = made.uri
        self.register_outputs({"url": self.url})

    def _told(self, number: pulumi.Output[str]) -> dict[str, pulumi.Input[str]]:
        place, database = self._args.place, self._args.database
        audience = pulumi.Output.format("/projects/{0}/locations/{1}/services/{2}", number, place.region, place.service_name)
        return {
            "GF_SERVER_HTTP_PORT": str(cloudrun.PORT),
            "GF_DATABASE_TYPE": "mysql",
            "GF_DATABASE_HOST": pulumi.Output.format("127.0.0.1:{0}", database.port),
            "GF_DATABASE_NAME": database.database,
            "GF_DATABASE_USER": database.username,
            "GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION": "true",
            "GF_SECURITY_DISABLE_GRAVATAR": "true",
            "GF_AUTH_DISABLE_LOGIN_FORM": "true",
            "GF_AUTH_BASIC_ENABLED": "false",
            "GF_AUTH_ANONYMOUS_ENABLED": "false",
            "GF_AUTH_JWT_ENABLED": "true",
            "GF_AUTH_JWT_HEADER_NAME": ASSERTION,
            "GF_AUTH_JWT_JWK_SET_URL": KEYS,
            "GF_AUTH_JWT_EXPECT_CLAIMS": audience.apply(lambda aud: json.dumps({"iss": ISSUER, "aud": aud})),
            "GF_AUTH_JWT_EMAIL_CLAIM": "email",
            "GF_AUTH_JWT_USERNAME_CLAIM": "email",
            "GF_AUTH_JWT_AUTO_SIGN_UP": "true",
            "GF_ANALYTICS_REPORTING_ENABLED": "false",
            "GF_ANALYTICS_CHECK_FOR_UPDATES": "false",
            "GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES": "false",
        }

    def _source(self) -> tuple[gcp.secretmanager.SecretVersion, gcp.secretmanager.SecretIamMember]:
        """The provisioning file, where Cloud Run can mount it: it has no volume of plain files."""
        place = self._args.place
        content = pulumi.Output.from_input(place.project).apply(
            lambda project: yaml.safe_dump(
                {
                    "apiVersion": 1,
                    "datasources": [
                        {
                            "name": "Cloud Monitoring",
                            "uid": "monitoring",
                            "type": "stackdriver",
                            "access": "proxy",
                            "isDefault": True,
                            "editable": False,
                            "jsonData": {"authenticationType": "gce", "defaultProject": project},
                        }
                    ],
                },
                sort_keys=False,
            )
        )
        encryption = gcp.secretmanager.SecretReplicationUserManagedReplicaCustomerManagedEncryptionArgs(
            kms_key_name=place.kms_key
        )
        secret = gcp.secretmanager.Secret(
            f"{self._name}-datasources",
            secret_id=f"{place.service_name}-datasources",
            project=place.project,
            replication=gcp.secretmanager.SecretReplicationArgs(
                user_managed=gcp.secretmanager.SecretReplicationUserManagedArgs(
                    replicas=[
                        gcp.secretmanager.SecretReplicationUserManagedReplicaArgs(
                            location=place.region, customer_managed_encryption=encryption
                        )
                    ]
                )
            ),
            opts=self._opts,
        )
        version = gcp.secretmanager.SecretVersion(
            f"{self._name}-datasources", secret=secret.id, secret_data=content, opts=self._opts
        )
        readable = gcp.secretmanager.SecretIamMember(
            f"{self._name}-datasources",
            secret_id=secret.id,
            project=place.project,
            role="roles/secretmanager.secretAccessor",
            member=member(place.account),
            opts=self._opts,
        )
        return version, readable

    def _let_in(self, made: gcp.cloudrunv2.Service, place: RunPlaceArgs) -> None:
        agent = gcp.projects.ServiceIdentity(
            f"{self._name}-iap", service="iap.googleapis.com", project=place.project, opts=self._opts
        )
        gcp.cloudrunv2.ServiceIamMember(
            f"{self._name}-iap",
            name=made.name,
            project=place.project,
            location=place.region,
            role="roles/run.invoker",
            member=pulumi.Output.format("serviceAccount:{0}", agent.email),
            opts=self._opts,
        )
        for viewer in self._args.viewers:
            gcp.iap.WebCloudRunServiceIamMember(
                f"{self._name}-viewer-{viewer.replace(':', '-')}",
                cloud_run_service_name=made.name,
                project=place.project,
                location=place.region,
                role="roles/iap.httpsResourceAccessor",
                member=viewer,
                opts=self._opts,
            )

    @staticmethod
    def wants(config: Grafana) -> contracts.Wants:
        """A database for dashboards and users, since an instance of Cloud Run keeps nothing."""
        return contracts.Wants(databases=(NAME,))

    @staticmethod
    def plan(site: Site) -> CloudRunGrafanaArgs:
        """From `systems.grafana` of the spec."""
        config: Grafana = site.config
        domain = site.spec.cloud.identity_domain
        return CloudRunGrafanaArgs(
            place=cloudrun.place(site, config.resources, config.replicas),
            database=site.databases[NAME],
            viewers=[f"domain:{domain}"] if domain else [],
        )

    def contracts(self) -> Sequence[contracts.Dashboards]:
        """The server."""
        return [contracts.Dashboards(self.url)]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Address."""
        return {"url": self.url}
