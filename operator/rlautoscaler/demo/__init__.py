"""Three minutes of two services with the same traffic: one under an RLAutoscaler, its twin under an HPA.

    venues                where it runs: a sandbox, or the user's own cluster
    scenarios, manifests  what runs
    operators, waits      starting it
    runs                  the course of it
    moments               what is known at one second
    views, sparklines     shown live
    summaries, pictures   told afterwards

A demo shows how things work. Its figures come from one run of a few minutes and prove nothing.
"""
