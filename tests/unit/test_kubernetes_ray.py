"""Ray: a token for everybody, state that outlives the head, groups as declared, and what the simulated operator makes of it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from components.contracts import ComputeCluster
from components.kubernetes.place import Compute
from components.kubernetes.ray import RayPlatform, RayPlatformArgs, operator_values
from components.kubernetes.ray_cluster import RayWorkersArgs
from components.kubernetes.valkey import PING, START
from components.platform import Platform
from components.spec.model import Ray, RayWorkers
from sandbox.operators.functions import arg
from tests.unit.kubernetes_site import BUCKET, METRICS, STORE, site
from tests.unit.operators_fake import Cluster, custom, deployment
from tests.unit.recording import Recording, record
from tests.unit.stackfiles import checked, stack

WORKERS = {
    "cpu": RayWorkersArgs("2", "8Gi", 0, 1, 4, "docker.io/rayproject/ray:2.53.0"),
    "gpu": RayWorkersArgs("4", "16Gi", 1, 0, 2, "docker.io/rayproject/ray:2.53.0-gpu"),
}
ARGS = RayPlatformArgs(
    namespace="ray",
    labels={"mlops.dev/team": "platform"},
    head=Compute("1", "4Gi", "2"),
    image="docker.io/rayproject/ray:2.53.0",
    workers=WORKERS,
    idle_seconds=300,
    storage="2Gi",
    results=BUCKET,
    monitored=True,
)


def build(args: RayPlatformArgs = ARGS) -> Recording[RayPlatform]:
    return record(lambda: RayPlatform("ray", args))


def spec(made: Recording[Any]) -> dict[str, Any]:
    found: dict[str, Any] = made.one("RayCluster").inputs["spec"]
    return found


def group(made: Recording[Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(g for g in spec(made)["workerGroupSpecs"] if g["groupName"] == name)
    return found


def test_every_client_needs_the_generated_token() -> None:
    made = build()
    assert spec(made)["authOptions"] == {"mode": "token", "secretName": "ray-token"}
    token = made.one("Secret", "ray-token")
    assert token.inputs["stringData"] == {"auth_token": made.passwords["ray-token"]}
    assert made.leaks() == []


def test_the_heads_state_stands_in_a_store_with_a_password_and_a_volume() -> None:
    made = build()
    options = spec(made)["gcsFaultToleranceOptions"]
    assert options["redisAddress"] == "ray-gcs:6379"
    assert options["redisPassword"]["valueFrom"]["secretKeyRef"] == {"name": "ray-gcs", "key": "password"}
    store = made.one("StatefulSet", "ray-gcs").inputs["spec"]
    (claim,) = store["volumeClaimTemplates"]
    assert claim["spec"]["resources"]["requests"]["storage"] == "2Gi"
    container = store["template"]["spec"]["containers"][0]
    assert container["command"] == ["sh", "-c", START] and "requirepass" in START and "--appendonly yes" in START
    assert container["readinessProbe"]["exec"]["command"] == ["sh", "-c", PING]
    assert made.one("Service", "ray-gcs").inputs["spec"]["ports"][0]["port"] == 6379
    # the operator empties the store when the cluster goes, so the store goes later
    assert {"ray-store-server", "ray-operator", "ray-auth"} <= made.waits_for("ray-cluster")


def test_groups_grow_between_their_bounds_and_replicas_are_the_autoscalers() -> None:
    made = build()
    assert spec(made)["enableInTreeAutoscaling"] is True
    assert spec(made)["autoscalerOptions"]["idleTimeoutSeconds"] == 300
    assert [(g["groupName"], g["minReplicas"], g["maxReplicas"]) for g in spec(made)["workerGroupSpecs"]] == [
        ("cpu", 1, 4),
        ("gpu", 0, 2),
    ]
    assert all("replicas" not in g for g in spec(made)["workerGroupSpecs"])
    assert made.one("RayCluster").inputs["metadata"]["annotations"]["pulumi.com/patchForce"] == "true"


def test_gpu_workers_ask_for_gpus_and_go_to_their_nodes() -> None:
    pod = group(build(), "gpu")["template"]["spec"]
    assert pod["containers"][0]["resources"]["limits"]["nvidia.com/gpu"] == "1"
    assert pod["nodeSelector"] == {"nvidia.com/gpu.present": "true"}
    assert pod["tolerations"] == [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}]
    assert pod["containers"][0]["image"].endswith("-gpu")
    shared = build(replace(ARGS, gpu_resource="nvidia.com/mig-1g.10gb", gpu_product="NVIDIA-A100-SXM4-80GB"))
    pod = group(shared, "gpu")["template"]["spec"]
    assert "nvidia.com/mig-1g.10gb" in pod["containers"][0]["resources"]["requests"]
    assert pod["nodeSelector"] == {"nvidia.com/gpu.product": "NVIDIA-A100-SXM4-80GB"}
    assert "nodeSelector" not in group(build(), "cpu")["template"]["spec"]


def test_gpu_workers_wait_in_the_queue_where_there_is_one() -> None:
    made = build(replace(ARGS, queue="mlops-shared"))
    assert made.one("LocalQueue", "mlops").inputs["spec"] == {"clusterQueue": "mlops-shared"}
    assert group(made, "gpu")["template"]["metadata"]["labels"] == {"kueue.x-k8s.io/queue-name": "mlops"}
    assert "metadata" not in group(made, "cpu")["template"] and "metadata" not in group(build(), "gpu")["template"]
    assert "ray-queue" in made.waits_for("ray-cluster") and build().all("LocalQueue") == []
    # Kueue would refuse the RayCluster itself, for its autoscaler
    assert "kueue.x-k8s.io/queue-name" not in made.one("RayCluster").inputs["metadata"].get("labels", {})


def test_shared_gpus_have_another_product_and_queues_are_followed() -> None:
    pools = {"gpuPools": {"a": {"accelerator": "NVIDIA-L4", "count": 1}}, "gpuSharing": {"mode": "timeSlice"}}
    cluster = ComputeCluster(gpu_resource="nvidia.com/gpu", queues=["mlops"])
    args = RayPlatform.plan(site("ray", Ray(), STORE, cluster, cluster=pools))
    assert (args.gpu_product, args.queue) == ("NVIDIA-L4-SHARED", "mlops-shared")
    without = RayPlatform.plan(site("ray", Ray(), STORE, ComputeCluster(gpu_resource="nvidia.com/gpu"), cluster=pools))
    assert without.queue is None


def test_no_task_runs_on_the_head_and_every_container_is_restricted_and_bounded() -> None:
    made = build()
    head = spec(made)["headGroupSpec"]
    assert head["rayStartParams"]["num-cpus"] == "0"
    for template in (head["template"], *(g["template"] for g in spec(made)["workerGroupSpecs"])):
        (container,) = template["spec"]["containers"]
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert template["spec"]["securityContext"]["runAsNonRoot"] is True
        assert {"cpu", "memory"} <= set(container["resources"]["requests"]) & set(container["resources"]["limits"])
    assert spec(made)["autoscalerOptions"]["securityContext"]["allowPrivilegeEscalation"] is False
    assert group(made, "cpu")["template"]["spec"]["automountServiceAccountToken"] is False


def test_tasks_find_their_bucket_and_trust_it() -> None:
    for container in (spec(build())["headGroupSpec"], group(build(), "cpu")):
        (found,) = container["template"]["spec"]["containers"]
        env = {e["name"]: e.get("value", e.get("valueFrom")) for e in found["env"]}
        assert env["RESULTS_URL"] == "s3://models" and env["AWS_CA_BUNDLE"] == "/etc/mlops/store/ca.crt"
        assert env["AWS_SECRET_ACCESS_KEY"]["secretKeyRef"]["name"] == "app-bucket"
        assert {"name": "store-ca", "configMap": {"name": "mlops-ca"}} in container["template"]["spec"]["volumes"]
    bare = build(replace(ARGS, results=None))
    assert spec(bare)["headGroupSpec"]["template"]["spec"]["containers"][0]["env"] == []


def test_metrics_only_where_the_stack_has_them() -> None:
    made = build()
    monitors = {m.object_name: m.inputs["spec"] for m in made.all("PodMonitor")}
    assert set(monitors) == {"ray-head", "ray-workers", "ray-operator"}
    ports = {p["port"] for p in monitors["ray-head"]["podMetricsEndpoints"]}
    declared = {p["name"] for p in spec(made)["headGroupSpec"]["template"]["spec"]["containers"][0]["ports"]}
    assert ports <= declared
    assert build(replace(ARGS, monitored=False)).all("PodMonitor") == []


def test_in_prod_the_store_is_protected() -> None:
    store = build(replace(ARGS, protect=True)).one("StatefulSet", "ray-gcs")
    assert store.protect and store.retain
    assert not build().one("StatefulSet", "ray-gcs").protect


def test_the_users_values_come_last() -> None:
    made = build(replace(ARGS, values={"autoscalerOptions": {"upscalingMode": "Conservative"}}))
    options = spec(made)["autoscalerOptions"]
    assert options["upscalingMode"] == "Conservative" and options["idleTimeoutSeconds"] == 300


def test_the_plan_follows_pools_mirror_and_the_clusters_gpu_resource() -> None:
    config = Ray(workers={"big": RayWorkers(gpus=2, min=3, max=1)})
    given = (STORE, METRICS, ComputeCluster(gpu_resource="nvidia.com/mig-1g.10gb"))
    pools = {"gpuPools": {"a": {"accelerator": "NVIDIA-L4", "count": 1}}}
    args = RayPlatform.plan(site("ray", config, *given, cluster=pools, registryMirror="mirror.example"))
    assert args.workers["big"].maximum == 3, "a group may not be bounded below its minimum"
    assert args.workers["big"].image == "mirror.example/rayproject/ray:2.53.0-gpu"
    assert (args.gpu_product, args.gpu_resource, args.monitored) == ("NVIDIA-L4", "nvidia.com/mig-1g.10gb", True)
    assert args.results == BUCKET
    assert operator_values("mirror.example")["image"] == {"repository": "mirror.example/kuberay/operator"}


def test_contract_and_endpoint_are_the_services_that_the_operator_makes() -> None:
    made = build()
    cluster = Cluster()
    cluster.put(deployment("kuberay-operator"))
    cluster.up("Deployment", "system", "kuberay-operator")
    cluster.put(custom("RayCluster", "ray", spec(made)))
    cluster.settle()
    service = cluster.get("Service", "team", "ray-head-svc")["spec"]
    ports = {p["name"]: p["port"] for p in service["ports"]}
    (endpoint,) = made.result.endpoints()
    assert (endpoint.service, endpoint.port, endpoint.login) == ("ray-head-svc", ports["dashboard"], True)
    urls: dict[str, str] = {}

    def note() -> None:
        (compute,) = RayPlatform("ray", ARGS).contracts()
        compute.url.apply(lambda url: urls.update(url=url))
        compute.address.apply(lambda url: urls.update(address=url))

    record(note)
    assert urls == {
        "url": f"http://ray-head-svc.ray.svc:{ports['dashboard']}",
        "address": f"ray://ray-head-svc.ray.svc:{ports['client']}",
    }
    pods = {p["metadata"]["labels"]["ray.io/node-type"]: p for p in cluster.store.all("Pod")}
    assert service["selector"].items() <= pods["head"]["metadata"]["labels"].items()
    assert [c["name"] for c in pods["head"]["spec"]["containers"]] == ["ray-head", "autoscaler"]


def test_the_simulated_cluster_is_provisioned_once_all_its_pods_are_up() -> None:
    cluster = Cluster()
    cluster.put(deployment("kuberay-operator"))
    cluster.up("Deployment", "system", "kuberay-operator")
    cluster.put(custom("RayCluster", "ray", spec(build())))
    cluster.settle()

    def conditions() -> dict[str, str]:
        return {c["type"]: c["status"] for c in cluster.get("RayCluster", "team", "ray")["status"]["conditions"]}

    assert conditions() == {"HeadPodReady": "False", "RayClusterProvisioned": "False"}
    pods = cluster.names("Pod")
    assert len(pods) == 2, "one head, and the minimum of the groups"
    for pod in pods:
        cluster.up("Pod", "team", pod)
    cluster.settle()
    assert conditions() == {"HeadPodReady": "True", "RayClusterProvisioned": "True"}
    status = cluster.get("RayCluster", "team", "ray")["status"]
    assert (status["state"], status["readyWorkerReplicas"]) == ("ready", 1)


def test_a_simulated_job_waits_for_its_cluster_and_a_service_for_its_own() -> None:
    cluster = Cluster()
    cluster.put(deployment("kuberay-operator"))
    cluster.up("Deployment", "system", "kuberay-operator")
    cluster.put(custom("RayJob", "train", {"rayClusterSpec": spec(build()), "entrypoint": "python train.py"}))
    cluster.put(custom("RayService", "answer", {"rayClusterConfig": spec(build())}))
    cluster.settle()
    assert (
        cluster.names("Job") == [] and cluster.get("RayJob", "team", "train")["status"]["jobDeploymentStatus"] == "Initializing"
    )
    for pod in cluster.names("Pod"):
        cluster.up("Pod", "team", pod)
    cluster.settle()
    assert "answer-serve-svc" in cluster.names("Service")
    job = cluster.get("Job", "team", "train")
    assert "python train.py" in job["spec"]["template"]["spec"]["containers"][0]["args"][0]
    cluster.up("Job", "team", "train")
    cluster.settle()
    assert cluster.get("RayJob", "team", "train")["status"]["jobStatus"] == "SUCCEEDED"


def test_a_flag_is_read_with_its_value_beside_or_after_it() -> None:
    for args in (["--watch-namespace=ray"], ["--watch-namespace", "ray"], ["--leader", "--watch-namespace", "ray"]):
        assert arg(deployment("kuberay-operator", args=args), "watch-namespace") == "ray"
    assert arg(deployment("kuberay-operator", args=["--watch-namespace", "--other"]), "watch-namespace") == ""


def test_it_composes_with_the_platform_and_works_without_a_store(tmp_path: Path) -> None:
    made = record(lambda: Platform("platform", stack(checked(tmp_path, "systems: {ray: {}}"))))
    assert made.one("RayCluster").namespace == "ray" and made.leaks() == []
    assert made.one("Namespace", "ray").inputs["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
