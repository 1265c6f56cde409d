"""The scene composer for 256 px pictures: sharper sprites, a cache of backdrops, labels on a finer grid."""

from __future__ import annotations

import numpy as np

from composer import Composer, Mixture

# As large as a big object at 256 px.
SPRITE_SIDE = 216


class DetailComposer(Composer):
    """Composer remembers backdrops of 64 px only; drawing one at 256 px takes more than half of a scene's time."""

    LIMIT = 700

    def __init__(self, seed: int, mixture: Mixture = Mixture()):
        super().__init__(seed, mixture, SPRITE_SIDE)

    def backdrop(self, spec: dict, size: int) -> tuple[np.ndarray, float]:
        key = tuple(spec[k] for k in ("background", "variant", "time", "plain_color")) + (size,)
        if spec["background"] != "plain":
            key = key[:3] + ("", size)
        found = self.backdrops.get(key)
        if found is None:
            found = super().backdrop(spec, size)
            if len(self.backdrops) < self.LIMIT:
                self.backdrops[key] = found
        return found

    def patch_labels(self, spec: dict, drawn: dict, grid: int = 16) -> np.ndarray:
        return super().patch_labels(spec, drawn, grid)
