"""Registry of model versions on Google Cloud: Vertex AI's, filled from a template."""

from collections.abc import Mapping
from typing import Any

import pulumi

from components.spec.managed import ModelRegistry
from components.system import Site
from components.vertex import jobs
from components.vertex.launched import LaunchedJobs, LaunchedJobsArgs, named
from components.vertex.launcher import post, source, waited


class VertexModelRegistry(LaunchedJobs):
    """Versions that are registered by a launch: account, bucket `registry` for files, workflow `<stack>-modelregistry`.

    The registry is there with the API and no provider has a resource of it: the workflow uploads a version of the model that the
    launch names, with its image and files, under our key, as the next version where the model is there already; groups need
    not be made ahead. Source: Vertex AI API reference, models.upload; "Model versioning". Limits: readers of other projects are a
    matter of IAM there, not of AWS accounts.
    """

    noun = "VertexModelRegistry"
    key = "modelRegistry"
    bucket = "registry"
    enters = False

    @staticmethod
    def source(args: LaunchedJobsArgs, attached: pulumi.Input[str]) -> pulumi.Output[str]:
        """models.upload; the registry's id of a model is `<stack>-<model>`."""
        place = args.ground
        given: dict[str, Any] = {
            "model": "",
            "image": args.image or "",
            "artifacts": "",
            "predict": "/predict",
            "health": "/health",
            "port": 8080,
            "labels": {},
        }
        name = pulumi.Output.format(
            '${{"projects/{0}/locations/{1}/models/{2}-" + job.model}}', place.project, place.region, place.stack
        )
        steps: list[dict[str, Any]] = [
            named("model", "a model's name"),
            named("image", "the image that serves it"),
            {"folder": {"assign": [{"folder": pulumi.Output.concat('${"', jobs.uri(place), '" + job.model}')}, {"parent": ""}]}},
            {
                "given_files": {
                    "switch": [
                        {
                            "condition": '${job.artifacts != ""}',
                            "steps": [{"files": {"assign": [{"folder": "${job.artifacts}"}]}}],
                        }
                    ]
                }
            },
            {"version": {"assign": [{"parent": name}]}},
            {
                "known": {
                    "try": {
                        "call": "http.get",
                        "args": {
                            "url": f'${{"https://{place.region}-aiplatform.googleapis.com/v1/" + parent}}',
                            "auth": {"type": "OAuth2"},
                        },
                        "result": "found",
                    },
                    "except": {
                        "as": "e",
                        "steps": [
                            {"other": {"switch": [{"condition": "${e.code != 404}", "raise": "${e}"}]}},
                            {"first": {"assign": [{"parent": ""}]}},
                        ],
                    },
                }
            },
            {"upload": {"assign": [{"id": f'${{"{place.stack}-" + job.model}}'}]}},
            post(
                jobs.vertex(place, "models:upload"),
                {
                    "parentModel": "${parent}",
                    "modelId": '${if(parent == "", id, null)}',
                    "serviceAccount": place.account,
                    "model": {
                        "displayName": "${id}",
                        "artifactUri": "${folder}",
                        "labels": "${job.labels}",
                        "encryptionSpec": jobs.encrypted(place),
                        "containerSpec": {
                            "imageUri": "${job.image}",
                            "predictRoute": "${job.predict}",
                            "healthRoute": "${job.health}",
                            "ports": [{"containerPort": "${job.port}"}],
                        },
                    },
                },
            ),
            *waited(f"https://{place.region}-aiplatform.googleapis.com/v1/"),
        ]
        return source(given, steps, "${made_response}")

    @classmethod
    def plan(cls, site: Site) -> LaunchedJobsArgs:
        """From `systems.modelRegistry` of the spec. RunError where AWS accounts are named as readers."""
        config: ModelRegistry = site.config
        if config.readers:
            raise pulumi.RunError(
                f"systems.modelRegistry.readers: {', '.join(config.readers)}: are AWS accounts; leave it out and grant "
                "roles/aiplatform.viewer to who reads"
            )
        return super().plan(site)

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """What a version is registered by, and where files lie."""
        return {**super().exports(), "registry": jobs.vertex(self._args.ground, "models")}
