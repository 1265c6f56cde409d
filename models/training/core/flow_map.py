"""Teaches the core to go far in one step, with guidance inside: `core/train.py --few-steps` mixes these batches with its own.

The weights that a run starts from are the teacher. A worker process lets it draw guided pictures from noise, with Euler's method in
STEPS steps, and keeps every state of the trajectory. The core learns to jump from any state of a trajectory to any later one in a
single evaluation without a second branch: knowledge distillation (Luhman and Luhman 2021, section 3), for all pairs of times as
consistency trajectory models have them (Kim et al. 2024, section 3), with the guidance scale as an input (Meng et al. 2023, section 3.1).
"""

from __future__ import annotations

import copy
import multiprocessing as mp
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

STEPS, SHIFT = 8, 5.0
SCALES = (1.0, 6.0)
# Batches of trajectories kept in memory; each serves several times before newer ones replace it.
KEPT_BATCHES = 40
INPAINT = 1
# Beyond this difference a pixel's pull no longer grows: where the jump cannot know, it should choose rather than blur.
HUBER = 0.2


class Trajectories(NamedTuple):
    """States of a batch of guided pictures from noise on, and what the network was told of them."""

    told: dict[str, Tensor]
    scale: Tensor
    """[B], guidance scale"""
    sigmas: Tensor
    """[STEPS + 1], 1 to 0"""
    states: Tensor
    """float16 [STEPS + 1, B, 3, H, W]"""


def shifted(u: Tensor) -> Tensor:
    return SHIFT * u / (1 + (SHIFT - 1) * u)


def some_sigmas(generator: torch.Generator) -> Tensor:
    """The grid that 1, 2, 4 and 8 steps share; in every second batch each inner point is moved by up to half a cell."""
    u = torch.linspace(1, 0, STEPS + 1)
    if torch.rand((), generator=generator) < 0.5:
        u[1:-1] += (torch.rand(STEPS - 1, generator=generator) - 0.5) / STEPS
    return shifted(u)


def untold(b: dict[str, Tensor]) -> dict[str, Tensor]:
    """What the branch without words is told: of a repaint what is known, of a map nothing, as pipelines/house/predict.ts."""
    keeps = b["task"] == INPAINT
    at = keeps[:, None, None, None]
    return {"condition": b["condition"] * at, "mask": b["mask"] * at, "task": b["task"] * keeps, "strength": b["strength"] * keeps}


@torch.no_grad()
def draw(nets, b: dict[str, Tensor], states: Tensor, empty: Tensor, generator: torch.Generator) -> Trajectories:
    """Draws one picture for each row of `b` under text states, guided away from `empty` [1, L, width]."""
    n = len(states)
    sigmas = some_sigmas(generator)
    scale = SCALES[0] + (SCALES[1] - SCALES[0]) * torch.rand(n, generator=generator)
    x = torch.randn(b["x0"].shape, generator=generator)
    none = torch.cat([empty.expand(n, -1, -1), torch.zeros(n, states.shape[1] - empty.shape[1], states.shape[2])], 1)
    both = {k: torch.cat([b[k], v]) for k, v in untold(b).items()}
    hidden = torch.cat([states, none])
    path = [x]
    for s, following in zip(sigmas[:-1], sigmas[1:]):
        with torch.autocast("cpu", torch.bfloat16):
            out = nets["core"](torch.cat([x, x]), s.expand(2 * n), both["condition"], both["mask"], both["task"], both["strength"], hidden)
        told, other = out.float().chunk(2)
        x0 = other + scale[:, None, None, None] * (told - other)
        x = x + (following - s) * (x - x0) / s
        path.append(x)
    kept = {k: v for k, v in b.items() if k not in ("x0", "labels")}
    return Trajectories(kept, scale, sigmas, torch.stack(path).half())


def some_jumps(count: int) -> tuple[Tensor, Tensor]:
    """From which state to which later one: 40 % start at the noise, half end at the picture."""
    start = torch.where(torch.rand(count) < 0.4, 0, torch.randint(STEPS, (count,)))
    end = start + 1 + (torch.rand(count) * (STEPS - start)).long()
    return start, torch.where(torch.rand(count) < 0.5, STEPS, end)


def jump_loss(nets, batch: Trajectories, states_of: Callable) -> Tensor:
    """[B], how far each jump misses: Huber's loss on u, weighted as the loss of the mean of x0 is (train.py, `losses`)."""
    n = len(batch.scale)
    rows = torch.arange(n)
    start, end = some_jumps(n)
    t, r = batch.sigmas[start], batch.sigmas[end]
    x_t, x_r = batch.states[start, rows].float(), batch.states[end, rows].float()
    share = (t / (t - r))[:, None, None, None]
    wanted = x_t - share * (x_t - x_r)
    b = batch.told
    with torch.autocast("cpu", torch.bfloat16):
        u = nets["core"](x_t, t, b["condition"], b["mask"], b["task"], b["strength"], states_of(nets, b), r, batch.scale)
    # What is known of a repaint is pasted back later.
    unknown = 1 - 0.7 * (b["task"] == INPAINT).float()[:, None, None, None] * (1 - b["mask"])
    return (2 * F.huber_loss(u, wanted, delta=HUBER, reduction="none") * unknown).mean((1, 2, 3)) / t.clamp(min=0.25).pow(2)


def _work(nets, seed: int, count: int, queue) -> None:
    from batches import Source
    from train import states_of, to_tensors
    torch.set_num_threads(1)
    nets.eval()
    source = Source(seed, edits=False)
    generator = torch.Generator().manual_seed(seed)
    ids = source.encode("", 32)
    empty = torch.zeros(1, 16, dtype=torch.long)
    empty[0, :len(ids)] = torch.tensor(ids)
    for block in nets["core"].blocks:
        block.compile(dynamic=False)
    with torch.no_grad():
        nothing = nets["text"](empty)
        while True:
            b = to_tensors(source.batch(count))
            drawn = draw(nets, b, states_of(nets, b), nothing, generator)
            arrays = {k: v.numpy() for k, v in drawn.told.items()}
            queue.put((arrays, drawn.scale.numpy(), drawn.sigmas.numpy(), drawn.states.numpy()))


class Replay:
    """The latest trajectories of a teacher that draws in a process of its own; `next` gives one of them at random."""

    def __init__(self, teacher, seed: int, count: int) -> None:
        context = mp.get_context("spawn")
        self.queue = context.Queue(2)
        self.worker = context.Process(target=_work, args=(copy.deepcopy(teacher), seed, count, self.queue), daemon=True)
        self.worker.start()
        self.rng = np.random.default_rng(seed)
        self.kept: list[Trajectories] = []
        self.drawn = 0

    def next(self) -> Trajectories:
        while not self.kept or not self.queue.empty():
            told, scale, sigmas, states = self.queue.get()
            batch = Trajectories({k: torch.from_numpy(v) for k, v in told.items()}, torch.from_numpy(scale), torch.from_numpy(sigmas), torch.from_numpy(states))
            self.kept = [*self.kept[-KEPT_BATCHES + 1:], batch]
            self.drawn += len(scale)
        return self.kept[int(self.rng.integers(len(self.kept)))]
