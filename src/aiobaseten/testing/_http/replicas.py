"""The replica that answers a read, which may lag behind the others."""

from __future__ import annotations

import random
from collections import Counter

from ..behaviour import Behaviour

# The same choices in each run.
_SEED = 0


class Replicas:
    """Chooses a replica for each read."""

    def __init__(self, behaviour: Behaviour) -> None:
        self._lags = behaviour.replica_lags
        self._alternates = behaviour.replica_order == "alternating"
        self._random = random.Random(_SEED)  # noqa: S311 - nothing secret
        self._reads: Counter[str] = Counter()

    def lag(self, path: str) -> float:
        """The seconds by which the replica lags behind that answers the next read of *path*."""
        if len(self._lags) == 1:
            return self._lags[0]
        if not self._alternates:
            return self._random.choice(self._lags)
        # Counted for each path: clients that read two paths in turn see both sides of each.
        self._reads[path] += 1
        return self._lags[(self._reads[path] - 1) % len(self._lags)]
