"""A real Kubernetes control plane on this machine, with simulated kubelets and a real Prometheus.

    components -> toolchains, builds -> binaries        what runs, and where its program comes from
    ports, credentials, commands, stages/*.yaml         how each part is started
    keepers, processes, probes -> planes                starting, watching and ending the parts
    states                                              finding a running sandbox from another shell

Everything listens on loopback alone. No container runs: KWOK plays the kubelets.
"""
