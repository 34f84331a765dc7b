"""The figures of the baseline's metrics: what an HPA would read from the cluster's metrics APIs.

Differs from the snapshot of signals by its rules: a figure is what the HPA would have got, oddities included.

    readers.FigureReader        one tick: asks everything once, within a deadline
      questions                 what is asked for a metric, and of whom
      answers                   what came, indexed once
      readings                  the answers, sorted into readings and failures
        values                  the metrics APIs' values to figures
        vectors                 Prometheus' samples to figures
      usages                    `PodMetrics` to pod samples
      complaints                what is logged, once
"""

from rlautoscaler.observing.figures.questions import FiguresWanted
from rlautoscaler.observing.figures.readers import FigureReader
from rlautoscaler.observing.figures.readings import Figures

__all__ = ["FigureReader", "Figures", "FiguresWanted"]
