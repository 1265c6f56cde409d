"""Writes scene-parser.onnx and scene-parser.json: called by train.py --export."""

from __future__ import annotations

import base64
import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import torch

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "export"), str(HERE.parent / "evaluate")]
from fixtures import KINDS, Prompts
from graphs import session, shrink
from samples import GRID, batch, vocabulary
from train import accuracy, make, tensors
from world import load_concepts

REFERENCE = 4000


def centres_right(net, b: dict) -> tuple[float, float]:
    """The probability from which a cell counts as a centre, chosen for the most pictures with the right number of things, and that share."""
    with torch.no_grad():
        heat = torch.cat([net(x)[0][:, :1] for x in b["image"].split(256)]).sigmoid()
    peak = torch.where(heat == torch.nn.functional.max_pool2d(heat, 3, 1, 1), heat, torch.zeros(()))
    asked = (b["centre"] > 0).sum((1, 2))
    return max((((peak > t).sum((1, 2, 3)) == asked).float().mean().item(), t) for t in (0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5))


def reference(net) -> dict:
    """Mean and covariance of the features of composed pictures with the mixture of the evaluation's prompts, other seeds."""
    prompts = Prompts(555)
    kinds = [kind for kind, count in KINDS.items() for _ in range(count)]
    rows = []
    for start in range(0, REFERENCE, 250):
        pictures = np.stack([prompts.composer.render(prompts.scene(kinds[(start + k) % len(kinds)]), 64)["image"] for k in range(250)])
        with torch.no_grad():
            rows.append(net(torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1)[2].numpy())
    features = np.concatenate(rows).astype(np.float64)
    code = lambda a: base64.b64encode(a.astype(np.float32).tobytes()).decode()
    return {"count": len(features), "mean": code(features.mean(0)), "covariance": code(np.cov(features.T))}


def export(run: Path, folder: Path) -> None:
    torch.set_num_threads(2)
    saved = torch.load(run / "last.pt", weights_only=True, map_location="cpu")
    before, size = saved["before"], saved.get("size", "cpu")
    net = make(size)
    net.load_state_dict(saved["average"])
    net.eval()
    from composer import Composer
    check = tensors(batch(Composer(777), np.random.default_rng(777), 2048))
    right = accuracy(net, check)
    net.eval()
    right["count"], threshold = centres_right(net, check)
    print(right, threshold)
    path = folder / "scene-parser.onnx"
    b = torch.export.Dim("B", min=1, max=64)
    plain = make(size).to(memory_format=torch.contiguous_format)
    plain.load_state_dict(saved["average"])
    plain.eval()
    x = torch.rand(2, 3, 64, 64) * 2 - 1
    torch.onnx.export(plain, (x,), dynamo=True, opset_version=18, input_names=["sample"], output_names=["objects", "scene", "features"],
                      dynamic_shapes=({0: b},), verbose=False).save(str(path), external_data=False)
    with torch.no_grad():
        expected = plain(x)
    difference = lambda: max(float(np.abs(e.numpy() - g).max()) for e, g in zip(expected, session(path).run(None, {"sample": x.numpy()})))
    first = difference()
    assert first < 1e-3, first
    shrink(path, "fp16")
    print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB, max abs {first:.1e} as float32, {difference():.1e} stored")
    data = path.read_bytes()
    manifest = {
        "file": path.name, "sha256": hashlib.sha256(data).hexdigest(), "size": 64, "grid": GRID, "threshold": threshold, "vocabulary": vocabulary(),
        "naturalColors": {c.name: list(c.natural) for c in load_concepts()}, "reference": reference(net),
        "trained": {"pictures": before["pictures"] + saved["pictures"], "steps": before["steps"] + saved["step"], "minutes": round(before["minutes"] + saved["spent"] / 60, 1), "recipe": "models/training/parser/train.py",
                    "license": "MIT", "accuracy": {k: round(v, 4) for k, v in right.items()}},
    }
    (folder / "scene-parser.json").write_text(json.dumps(manifest, indent=1) + "\n")
