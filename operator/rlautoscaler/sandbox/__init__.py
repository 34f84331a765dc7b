"""A real Kubernetes control plane on this machine, with simulated kubelets and a real Prometheus.

    components -> toolchains, builds -> binaries        what runs, and where its program comes from
    ports, credentials, commands, stages/*.yaml         how each part is started
    hpas, flags                                         what the options add to Kubernetes' flags
    keepers, processes, probes -> planes                starting, watching and ending the parts
    states                                              finding a running sandbox from another shell
    operators                                           the operator, as a process beside it

    services, pods, mirrors                             what is simulated, and its pods in the API server
    loads, counters, tallies, records                   traffic meets pods: what is counted, what is true
    expositions, families, faults, endpoints, scrapes   the exporters that Prometheus scrapes
    podmetrics, bridges                                 the same for the cluster's own HPA controller
    adaptations -> adapters                             all three metrics APIs, by a server of ours
    drivers                                             all of it in real time

Everything listens on loopback alone. No container runs: KWOK plays the kubelets.
"""
