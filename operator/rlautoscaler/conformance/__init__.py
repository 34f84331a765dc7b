"""The proof that the baseline is the HPA: twins on one cluster, one scaled by the cluster's own controller.

    paces                       how fast everything runs, and why phases do not matter
    scenarios -> catalogues     what happens to a pair of twins: acts at moments
    manifests                   the twins' Deployments and their two autoscalers

    worlds -> instruments       what the metrics APIs say of every pod, by the acts so far
    recorders -> evidence       what was seen: sizes, pods, autoscalers, answers, the controller's own words
    runs, courses               the live part: sandbox, operator, acts, end

    sequences                   do both sides take the same sizes, one sync period apart at most?
    journals -> replays         does the pure pass decide what the controller decided, each time?
    restarts                    what a restart makes the controller forget, and what ours keeps
    verdicts -> reports         one row per scenario; the table of docs/baseline.md

Only `runs` and `courses` touch a cluster or a clock.
"""
