"""Reference sampler on the exported graphs: flow-matching Euler with classifier-free guidance on x0, or on the flow map."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer

from graphs import session


class Pack:
    def __init__(self, folder: Path):
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.text = session(folder / "text-encoder.onnx")
        self.denoiser = session(folder / "denoiser.onnx")
        self.upscaler = session(folder / "upscaler.onnx") if (folder / "upscaler.onnx").exists() else None

    def ids(self, prompts: list[str]) -> np.ndarray:
        out = np.zeros((len(prompts), 32), np.int64)
        for k, prompt in enumerate(prompts):
            ids = self.tokenizer.encode(prompt).ids[:32]
            out[k, :len(ids)] = ids
        return out

    def encode(self, prompts: list[str]) -> np.ndarray:
        return self.text.run(None, {"input_ids": self.ids(prompts)})[0]

    def denoise(self, feeds: dict[str, np.ndarray]) -> np.ndarray:
        """u for every row; without `timestep_next` and `guidance_scale` the mean of x0, without guidance."""
        known = {node.name for node in self.denoiser.get_inputs()}
        plain = {"timestep_next": feeds["timestep"], "guidance_scale": np.ones_like(feeds["timestep"])}
        return self.denoiser.run(None, {name: value for name, value in (plain | feeds).items() if name in known})[0]

    def sample(self, prompts: list[str], seeds: list[int], steps: int = 8, guidance: float = 3.0, task: int = 0, condition=None,
               mask=None, strength: float | None = None, shift: float = 3.0, noise: np.ndarray | None = None,
               fresh: float = 0.0, jumps: bool = False) -> np.ndarray:
        """float32 [B,3,64,64] in about -1..1. sigma runs from 1 to 0 in `steps` equal parts, shifted by `shift`;
        `fresh` is the share of the noise drawn anew after every step (as eta in DDIM); `jumps` asks the flow map."""
        b = len(prompts)
        generators = [torch.Generator().manual_seed(s) for s in seeds]
        draw = lambda: np.concatenate([torch.randn(1, 3, 64, 64, generator=g).numpy() for g in generators])
        if noise is None:
            noise = draw()
        x = noise.astype(np.float32)
        both = np.concatenate([self.encode(prompts), self.encode([""] * b)])
        condition = np.zeros_like(x) if condition is None else condition.astype(np.float32)
        mask = np.zeros((b, 1, 64, 64), np.float32) if mask is None else mask.astype(np.float32)
        strength = (0.0 if task == 0 else 1.0) if strength is None else strength
        two = lambda a: np.concatenate([a, a])
        sigmas = np.linspace(1, 0, steps + 1, dtype=np.float32)
        sigmas = shift * sigmas / (1 + (shift - 1) * sigmas)
        for s, following in zip(sigmas[:-1], sigmas[1:]):
            told = {"condition": condition, "condition_mask": mask, "task": np.full(b, task, np.int64), "condition_strength": np.full(b, strength, np.float32)}
            if jumps:
                x0 = self.denoise(told | {"sample": x, "timestep": np.full(b, s, np.float32), "encoder_hidden_states": both[:b],
                                          "timestep_next": np.full(b, following, np.float32), "guidance_scale": np.full(b, guidance, np.float32)})
            else:
                out = self.denoise({name: two(value) for name, value in told.items()} |
                                   {"sample": two(x), "timestep": np.full(2 * b, s, np.float32), "encoder_hidden_states": both})
                x0 = out[b:] + np.float32(guidance) * (out[:b] - out[b:])
            if task == 1:
                x0 = x0 * mask + condition * (1 - mask)
            velocity = (x - x0) / s
            x = x + (following - s) * velocity
            if fresh > 0 and following > 0:
                own = x + (1 - following) * velocity
                x = x + following * (np.float32((1 - fresh**2) ** 0.5 - 1) * own + np.float32(fresh) * draw())
        return x

    def upscale(self, x: np.ndarray) -> np.ndarray:
        return self.upscaler.run(None, {"sample": x})[0]
