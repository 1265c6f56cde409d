"""Reference numbers for what only some packs can: python models/training/export/abilities.py [PACK] [OUT].

Writes abilities.json with edit.f32 and reference.f32, for the tasks that the pack lists: samples of the exported graphs with PyTorch's
noise, after the contract of models/pipelines/house. Its pictures are those of fixtures/house/scenes, so nothing needs the assets.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from graphs import fingerprint, session
from sampler import Pack

MODELS = Path(__file__).parents[2]
HOUSE = MODELS / "fixtures" / "house"
SEED, STEPS, GUIDANCE, IMAGE_GUIDANCE, STRENGTH = 5, 6, 3.0, 1.5, 0.7
EDIT, TEXT_TO_IMAGE = 7, 0


def scene(number: int) -> np.ndarray:
    """A scene of 256 px at 64 px, the mean of every 4 x 4 pixels: float32 [64, 64, 3] in -1..1."""
    pixels = np.asarray(Image.open(HOUSE / "scenes" / f"scene-{number}.png").convert("RGB"), np.float32)
    return pixels.reshape(64, 4, 64, 4, 3).mean((1, 3)) / 127.5 - 1


def sample(x0_of, schedule: dict) -> np.ndarray:
    """Euler steps of flow matching from noise to a sample [1, 3, 64, 64]; x0_of(x, t) is the guided prediction."""
    generator = torch.Generator().manual_seed(SEED)
    draw = lambda: torch.randn(1, 3, 64, 64, generator=generator).numpy()
    shift, fresh = np.float32(schedule["shift"]), np.float32(schedule.get("freshNoise", 0))
    sigmas = np.linspace(1, 0, STEPS + 1, dtype=np.float32)
    sigmas = shift * sigmas / (1 + (shift - 1) * sigmas)
    x = draw()
    for s, following in zip(sigmas[:-1], sigmas[1:]):
        velocity = (x - x0_of(x, s)) / s
        x = x + (following - s) * velocity
        if fresh > 0 and following > 0:
            own = x + (1 - following) * velocity
            x = x + following * ((np.sqrt(1 - fresh**2) - 1) * own + fresh * draw())
    return x


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else MODELS / "packs" / "house-image"
    out = Path(sys.argv[2]) if len(sys.argv) > 2 else HOUSE
    manifest = json.loads((folder / "model.json").read_text())
    pack = Pack(folder)
    zeros = np.zeros((1, 3, 64, 64), np.float32)

    def predict(x, t, states, conditions, strengths, task):
        rows = len(states)
        return pack.denoise({
            "sample": np.repeat(x, rows, 0), "timestep": np.full(rows, t, np.float32), "condition": np.concatenate(conditions),
            "condition_mask": np.zeros((rows, 1, 64, 64), np.float32), "task": np.full(rows, task, np.int64),
            "condition_strength": np.array(strengths, np.float32), "encoder_hidden_states": np.concatenate(states)})

    empty = pack.encode([""])
    record = {"seed": SEED, "steps": STEPS, "guidanceScale": GUIDANCE, "tolerance": 1e-4, "denoiserSha256": fingerprint(folder / "denoiser.onnx")["sha256"]}
    if "edit" in manifest["tasks"]:
        record["edit"] = {"prompt": "make the camera purple", "imageGuidanceScale": IMAGE_GUIDANCE, "latents": "edit.f32"}
        words, source = pack.encode([record["edit"]["prompt"]]), scene(0).transpose(2, 0, 1)[None]

        def edited(x, t):
            both, image, none = predict(x, t, [words, empty, empty], [source, source, zeros], [1, 1, 0], EDIT)
            return none + IMAGE_GUIDANCE * (image - none) + GUIDANCE * (both - image)

        (out / "edit.f32").write_bytes(sample(edited, manifest["schedule"]).astype(np.float32).tobytes())
    if "reference" in manifest["tasks"]:
        record["reference"] = {"prompt": "a camera on a table", "strength": STRENGTH, "latents": "reference.f32"}
        square = np.ones((64, 64, 3), np.float32)
        square[16:48] = scene(1)[:32]
        pixels = square.transpose(2, 0, 1)[None]
        patches = session(folder / "house-clip-image.onnx").run(["last_hidden_state"], {"sample": pixels})[0]
        seen = session(folder / "reference-encoder.onnx").run(None, {"hidden_states": patches})[0] * np.float32(STRENGTH)
        states = [np.concatenate([pack.encode([record["reference"]["prompt"]]), seen], 1), np.concatenate([empty, np.zeros_like(seen)], 1)]

        def followed(x, t):
            with_it, without = predict(x, t, states, [zeros, zeros], [0, 0], TEXT_TO_IMAGE)
            return without + GUIDANCE * (with_it - without)

        (out / "reference.f32").write_bytes(sample(followed, manifest["schedule"]).astype(np.float32).tobytes())
    (out / "abilities.json").write_text(json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    main()
