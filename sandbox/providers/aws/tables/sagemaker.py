"""SageMaker: domains on moto; user profiles, spaces and MLflow in the state file, because moto has none."""

from __future__ import annotations

from sandbox.providers.aws.clients import AwsContext
from sandbox.providers.aws.rest import Rest
from sandbox.providers.cloud.spec import Json, Name, Spec


class Domain(Rest):
    """A Studio domain. moto keeps no tags of it, so those stay in the record."""

    def answer(self, cx: AwsContext, id: str, item: Json, inputs: Json) -> Json:
        """Settings are compared as deep as the program gives them."""
        return {"arn": item.get("DomainArn", ""), **super().answer(cx, id, item, inputs)}

    def change(self, cx: AwsContext, id: str, old: Json, new: Json) -> None:
        """moto has no operation that changes a domain: the change stands in the record alone."""

    def create(self, cx: AwsContext, inputs: Json) -> str:
        """moto answers with the ARN alone; the id is its end."""
        return super().create(cx, inputs).rsplit("/", 1)[-1]


_IN_DOMAIN = {"domainId": "SageMaker domain"}

TYPES: dict[str, Spec] = {
    "aws:sagemaker/domain:Domain": Spec(
        name=Name("domainName", 63),
        replace=("authMode", "vpcId", "kmsKeyId", "appNetworkAccessType"),
        choices={
            "authMode": "sagemaker:AuthMode",
            "appNetworkAccessType": "sagemaker:AppNetworkAccessType",
            "appSecurityGroupManagement": "sagemaker:AppSecurityGroupManagement",
            "domainSettings.executionRoleIdentityConfig": "sagemaker:ExecutionRoleIdentityConfig",
            "retentionPolicy.homeEfsFileSystem": "sagemaker:RetentionType",
        },
        references={"vpcId": "VPC", "subnetIds": "subnet"},
        api=Domain(
            "sagemaker",
            "create_domain",
            "describe_domain",
            "delete_domain",
            {"DomainId": "{id}"},
            "DomainArn",
            outputs={"url": "Url", "homeEfsFileSystemId": "HomeEfsFileSystemId"},
            updates="update_domain",
            lists=("list_domains", "Domains", "DomainName", "DomainId"),
            named="domainName",
        ),
    ),
    "aws:sagemaker/userProfile:UserProfile": Spec(
        name=Name("userProfileName", 63),
        replace=("domainId", "singleSignOnUserIdentifier", "singleSignOnUserValue"),
        references=_IN_DOMAIN,
        id="arn:aws:sagemaker:{region}:{account}:user-profile/{domainId}/{userProfileName}",
        outputs={"arn": "{id}", "homeEfsFileSystemUid": lambda values: str(200000 + int(str(values["hash"])[:4], 16))},
    ),
    "aws:sagemaker/space:Space": Spec(
        name=Name("spaceName", 63),
        replace=("domainId", "ownershipSettings", "spaceSharingSettings"),
        references=_IN_DOMAIN,
        id="arn:aws:sagemaker:{region}:{account}:space/{domainId}/{spaceName}",
        outputs={"arn": "{id}", "url": "https://{domainId}.studio.{region}.sagemaker.aws/space/{spaceName}"},
    ),
    "aws:sagemaker/mlflowTrackingServer:MlflowTrackingServer": Spec(
        name=Name("trackingServerName", 256),
        choices={"trackingServerSize": "sagemaker:TrackingServerSize"},
        outputs={
            "arn": "arn:aws:sagemaker:{region}:{account}:mlflow-tracking-server/{trackingServerName}",
            "trackingServerUrl": "https://t-{hash:.12}.{region}.experiments.sagemaker.aws",
        },
    ),
    "aws:sagemaker/mlflowApp:MlflowApp": Spec(
        name=Name("name", 256),
        id="arn:aws:sagemaker:{region}:{account}:mlflow-app/app-{hash:.12}",
        outputs={"arn": "{id}"},
    ),
}
