"""Jenkins' configuration as code: the agents' pod, the git credential, and the pipeline that previews this project's stacks.

${NAME} is put in by Jenkins itself from its variables (^${NAME} stands for itself), so that nothing of it is secret or known only
during the run.
"""

from typing import Any

import yaml

from components.kubernetes.place import Compute

LABEL = "pulumi"
"""What our Jenkinsfile asks for: agent { label 'pulumi' }."""
ACCOUNT = "jenkins-agent"
CREDENTIAL = "git"
CA_PATH = "/etc/mlops/ca"

RESTRICTED = {
    "runAsNonRoot": True,
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}

PIPELINE = """\
multibranchPipelineJob('mlops') {
  displayName('Previews of the platform stacks')
  branchSources {
    git {
      id('mlops')
      remote('${PIPELINE_REPOSITORY}')
%s    }
  }
  factory {
    workflowBranchProjectFactory {
      scriptPath('Jenkinsfile')
    }
  }
  triggers {
    periodicFolderTrigger {
      interval('5m')
    }
  }
  orphanedItemStrategy {
    discardOldItems {
      numToKeep(20)
    }
  }
}
"""
"""Job DSL: every branch of the repository, looked at every five minutes."""


def text(data: Any) -> str:
    """YAML, its keys in the order given."""
    return yaml.safe_dump(data, sort_keys=False, width=1000)


def agent_pod(compute: Compute, secret: str | None, bundle: str | None) -> str:
    """The agents' pod template; `bundle` is the ConfigMap of the CA that signed the git server's certificate."""
    container: dict[str, Any] = {"name": "jnlp", "securityContext": RESTRICTED}
    spec: dict[str, Any] = {
        "securityContext": {"runAsNonRoot": True, "runAsUser": 1000, "fsGroup": 1000},
        "enableServiceLinks": False,
        "containers": [container],
    }
    if secret:
        container["envFrom"] = [{"secretRef": {"name": secret}}]
    if bundle:
        container["env"] = [{"name": "GIT_SSL_CAINFO", "value": f"{CA_PATH}/ca.crt"}]
        container["volumeMounts"] = [{"name": "platform-ca", "mountPath": CA_PATH, "readOnly": True}]
        spec["volumes"] = [{"name": "platform-ca", "configMap": {"name": bundle}}]
    template = {
        "name": LABEL,
        "label": LABEL,
        "serviceAccount": ACCOUNT,
        "nodeUsageMode": "EXCLUSIVE",
        "podRetention": "Never",
        "idleMinutes": 0,
        "showRawYaml": False,
        "yamlMergeStrategy": "merge",
        "containers": [
            {
                "name": "jnlp",
                "image": "${AGENT_IMAGE}",
                "args": "^${computer.jnlpmac} ^${computer.name}",
                "workingDir": "/home/jenkins/agent",
                "resourceRequestCpu": compute.cpu,
                "resourceRequestMemory": compute.memory,
                "resourceLimitCpu": compute.limit(),
                "resourceLimitMemory": compute.memory,
            }
        ],
        "yaml": text({"apiVersion": "v1", "kind": "Pod", "spec": spec}),
    }
    return text([template])


def scripts(pipeline: bool, credential: bool) -> dict[str, str]:
    """Configuration files by name: the git credential where there is one, and the seeded pipeline."""
    found: dict[str, str] = {}
    if credential:
        login = {
            "scope": "GLOBAL",
            "id": CREDENTIAL,
            "username": "${GIT_USERNAME}",
            "password": "${GIT_PASSWORD}",
            "description": "Reads the repository of the previews",
        }
        found["credentials"] = text(
            {"credentials": {"system": {"domainCredentials": [{"credentials": [{"usernamePassword": login}]}]}}}
        )
    if pipeline:
        line = f"      credentialsId('{CREDENTIAL}')\n" if credential else ""
        found["pipeline"] = text({"jobs": [{"script": PIPELINE % line}]})
    return found
