"""The static evaluator of Python: a small abstract machine that knows no orchestrator.

Known values are plain Python objects; what isn't known is an ``Unknown`` with a reason; what belongs to a
library is an ``External`` name, or a ``Model`` where somebody wrote one. Nothing of the analysed code runs.
"""
