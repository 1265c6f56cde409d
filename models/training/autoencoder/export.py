"""Writes encoder.onnx, decoder.onnx and autoencoder.json of a checkpoint into a folder.

    python models/training/autoencoder/export.py --checkpoint /work/train/autoencoder/ema.pt --out FOLDER

Both graphs read and write float32, take any batch and any multiple of 16 as height and width, and carry the normalisation of
the latents. Stops when onnxruntime and PyTorch differ by 1e-4 or more; the stored weights are float16 afterwards.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "data"), str(HERE.parent / "export")]
from graphs import OPSET, fingerprint, session, shrink
from model import FACTOR, LATENT, Autoencoder, load


class Half(nn.Module):
    """One direction of the autoencoder as a module of its own."""

    def __init__(self, net: Autoencoder, direction: str) -> None:
        super().__init__()
        self.net, self.encodes = net, direction == "encoder"

    def forward(self, sample: Tensor) -> Tensor:
        return self.net.encode(sample) if self.encodes else self.net.decode(sample)


def difference(module: nn.Module, path: Path, inputs: list[Tensor]) -> float:
    run = session(path)
    with torch.no_grad():
        return max(float(np.abs(module(x).numpy() - run.run(None, {"sample": x.numpy()})[0]).max()) for x in inputs)


def write(net: Autoencoder, direction: str, path: Path) -> dict:
    module = Half(net, direction).eval()
    b, h, w = torch.export.Dim("B", min=1, max=64), torch.export.Dim("h", min=2, max=256), torch.export.Dim("w", min=2, max=256)
    if direction == "encoder":
        example, axes = torch.rand(2, 3, 128, 96) * 2 - 1, {0: b, 2: FACTOR * h, 3: FACTOR * w}
        others = [torch.rand(1, 3, 256, 256) * 2 - 1, torch.rand(3, 3, 64, 208) * 2 - 1]
    else:
        example, axes = torch.randn(2, LATENT, 8, 6), {0: b, 2: h, 3: w}
        others = [torch.randn(1, LATENT, 16, 16), torch.randn(3, LATENT, 4, 13)]
    torch.onnx.export(module, (example,), dynamo=True, opset_version=OPSET, input_names=["sample"], output_names=["out_sample"],
                      dynamic_shapes=(axes,), verbose=False).save(str(path), external_data=False)
    inputs = [example, *others]
    exact = difference(module, path, inputs)
    assert exact < 1e-4, f"{path.name} disagrees with PyTorch by {exact:.1e}"
    shrink(path, "fp16")
    stored = difference(module, path, inputs)
    print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB, from PyTorch {exact:.1e} as float32, {stored:.1e} with stored float16 weights")
    return fingerprint(path)


def main() -> None:
    args = argparse.ArgumentParser()
    args.add_argument("--checkpoint", required=True)
    args.add_argument("--out", required=True)
    a = args.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    out = Path(a.out)
    out.mkdir(parents=True, exist_ok=True)
    saved = torch.load(a.checkpoint, weights_only=True, map_location="cpu")
    net = load(a.checkpoint)
    components = {direction: write(net, direction, out / f"{direction}.onnx") for direction in ("encoder", "decoder")}
    record = {"latentChannels": LATENT, "factor": FACTOR, "size": saved["size"], "components": components,
              "trained": {"steps": saved["step"], "crops": saved["seen"], "check": saved["check"], "recipe": "models/training/autoencoder/train.py"}}
    (out / "autoencoder.json").write_text(json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    main()
