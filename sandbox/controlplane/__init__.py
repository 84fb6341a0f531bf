"""A real Kubernetes control plane on loopback: etcd, API server, controllers, scheduler, and KWOK in place of kubelets."""
