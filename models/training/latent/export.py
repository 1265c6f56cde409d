"""Writes text-encoder.onnx, reference-encoder.onnx and denoiser.onnx of a latent core: python models/training/latent/export.py --core CORE/ema.pt --out FOLDER

Same checks and storage as export/export.py: onnxruntime within 1e-4 of PyTorch on float32 graphs, then int8 matrices.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch

from modules import TRAINING  # noqa: F401 (puts export on the path)
from core import CHANNELS, GRID, REFERENCE_LENGTH, TEXT_LENGTH, make, pieces, states
from graphs import export_graph, session, shrink
from train import LABELS, VOCABULARY


def one(module: torch.nn.Module, inputs: dict[str, torch.Tensor], output: str, path: Path, mode: str, free: dict[str, dict] | None = None) -> None:
    def difference() -> float:
        with torch.no_grad():
            expected = module(*inputs.values()).numpy()
        return float(np.abs(expected - session(path).run(None, {k: v.numpy() for k, v in inputs.items()})[0]).max())

    export_graph(module, inputs, [output], path, free)
    exact = difference()
    assert exact < 1e-4, f"{path.name} disagrees with PyTorch by {exact:.1e}"
    shrink(path, mode)
    print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB, from PyTorch {exact:.1e} as float32, {difference():.1e} stored")


def main() -> None:
    args = argparse.ArgumentParser()
    args.add_argument("--core", required=True)
    args.add_argument("--out", required=True)
    a = args.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    out = Path(a.out)
    out.mkdir(parents=True, exist_ok=True)
    nets = make(VOCABULARY, LABELS)
    nets.load_state_dict(torch.load(a.core, weights_only=True, map_location="cpu")["ema"])
    nets.eval()
    ids = torch.zeros(2, TEXT_LENGTH, dtype=torch.long)
    ids[0, :5] = torch.tensor([1, 300, 400, 500, 2])
    ids[1, :2] = torch.tensor([1, 2])
    one(nets["text"], {"input_ids": ids}, "last_hidden_state", out / "text-encoder.onnx", "fp16")
    seen = torch.randn(2, pieces.PICTURE_LENGTH, pieces.PICTURE_WIDTH)
    one(nets["reference"], {"hidden_states": seen}, "last_hidden_state", out / "reference-encoder.onnx", "int8")
    with torch.no_grad():
        hidden = states(nets, ids, seen, torch.tensor([1.0, 0.0]))
    square = (GRID, GRID)
    inputs = {"sample": torch.randn(2, CHANNELS, *square), "timestep": torch.tensor([0.9, 0.3]), "condition": torch.randn(2, CHANNELS, *square),
              "condition_mask": (torch.rand(2, 1, *square) > 0.5).float(), "task": torch.tensor([1, 2]),
              "condition_strength": torch.tensor([1.0, 0.6]), "encoder_hidden_states": hidden}
    # Text alone, or text and a reference picture.
    rows = torch.export.Dim("L", min=TEXT_LENGTH, max=TEXT_LENGTH + REFERENCE_LENGTH)
    one(nets["core"], inputs, "out_sample", out / "denoiser.onnx", "int8", {"encoder_hidden_states": {1: rows}})


if __name__ == "__main__":
    main()
