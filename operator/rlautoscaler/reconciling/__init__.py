"""The tick: observe all, decide all in one batch, act on what changed, remember.

stores      our own objects, as kopf last saw them
subjects    one autoscaler with its target as the caches show it
cases       subject and measurements to a case for the brain
ticks       one tick over all that is due
reports     what a tick tells: status, events, metrics
loops       when the next tick is
processes   the whole operator put together
"""
