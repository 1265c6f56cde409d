"""Writes house-clip-image.onnx, house-clip-text.onnx, house-clip.json and the golden embeddings: called by train.py --export."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper
from PIL import Image
from torch import Tensor

HERE = Path(__file__).parent
sys.path.append(str(HERE.parent / "export"))
from graphs import export_graph, session, shrink
from measure import Check, encode, scenes
from model import DIMENSIONS, LENGTH, SIZE, Clip, Picture
from pairs import TOKENIZER
from train import make

MODELS = HERE.parents[1]
GOLDEN = MODELS / "fixtures" / "house" / "clip"
SCENES = 4


def fingerprint(path: Path) -> dict:
    return {"file": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}


def shrink_convolutions(path: Path) -> None:
    """Stores convolutions as int8 with a scale for each output channel; they are restored to float32 at load."""
    model = onnx.load(str(path))
    graph = model.graph
    restored = []
    for tensor in [t for t in graph.initializer if len(t.dims) == 4]:
        value = numpy_helper.to_array(tensor)
        scale = np.maximum(np.abs(value).max((1, 2, 3)), 1e-8).astype(np.float32) / 127
        quantized = np.clip(np.round(value / scale[:, None, None, None]), -127, 127).astype(np.int8)
        graph.initializer.remove(tensor)
        graph.initializer.extend([numpy_helper.from_array(quantized, tensor.name + "_q"), numpy_helper.from_array(scale, tensor.name + "_s")])
        restored.append(helper.make_node("DequantizeLinear", [tensor.name + "_q", tensor.name + "_s"], [tensor.name], axis=0, name=tensor.name + "_restore"))
    nodes = restored + list(graph.node)
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.save(model, str(path))


class Stored:
    """The files in the place of the networks, so that what is measured is what is committed."""

    scale = torch.zeros(())

    def __init__(self, folder: Path) -> None:
        image, text = session(folder / "house-clip-image.onnx"), session(folder / "house-clip-text.onnx")
        self.picture = lambda sample: torch.from_numpy(image.run(None, {"sample": sample.numpy()})[0])
        self.text = lambda ids: torch.from_numpy(text.run(None, {"input_ids": ids.numpy()})[0])


class Seen(torch.nn.Module):
    """The picture tower with what the core reads of a reference picture beside the embedding."""

    def __init__(self, picture: Picture) -> None:
        super().__init__()
        self.picture = picture

    def forward(self, sample: Tensor) -> tuple[Tensor, Tensor]:
        states = self.picture.states(sample)
        return self.picture.tower.embed(states), states


def difference(module: torch.nn.Module, inputs: dict, path: Path) -> float:
    with torch.no_grad():
        expected = module(*inputs.values())
    got = session(path).run(None, {k: v.numpy() for k, v in inputs.items()})
    return max(float(np.abs(e.numpy() - g).max()) for e, g in zip(expected if isinstance(expected, tuple) else (expected,), got))


def golden(folder: Path) -> None:
    """Embeddings of a few of the evaluation's scenes and prompts by the stored files, for the TypeScript side to meet within 1e-4."""
    from tokenizers import Tokenizer
    GOLDEN.mkdir(parents=True, exist_ok=True)
    pictures, prompts = scenes()
    pictures, prompts = pictures[:SCENES], [*prompts[:SCENES - 1], ""]
    image = session(folder / "house-clip-image.onnx").run(None, {"sample": pictures.numpy()})[0]
    text = session(folder / "house-clip-text.onnx").run(None, {"input_ids": encode(Tokenizer.from_file(str(TOKENIZER)), prompts).numpy()})[0]
    rgb = ((pictures.permute(0, 2, 3, 1).numpy() + 1) * 127.5).round().astype(np.uint8)
    Image.fromarray(np.concatenate(list(rgb), 1)).save(GOLDEN / "pictures.png", optimize=True)
    record = {"tolerance": 1e-4, "picture": "pictures.png", "prompts": prompts, "imageSha256": fingerprint(folder / "house-clip-image.onnx")["sha256"],
              "pictures": np.round(image.astype(np.float64), 6).tolist(), "texts": np.round(text.astype(np.float64), 6).tolist()}
    (GOLDEN / "golden.json").write_text(json.dumps(record) + "\n")


def export(run: Path, folder: Path) -> None:
    torch.set_num_threads(2)
    saved = torch.load(run / "last.pt", weights_only=True, map_location="cpu")
    size = saved.get("size", "cpu")
    net: Clip = make(size)
    net.load_state_dict(saved["average"])
    plain = Clip(net.text.embed.num_embeddings, size)
    plain.load_state_dict(net.state_dict())
    plain.eval()
    ids = torch.zeros(2, LENGTH, dtype=torch.long)
    ids[0, :5], ids[1, :2] = torch.tensor([1, 300, 400, 500, 2]), torch.tensor([1, 2])
    parts = {"picture": (Seen(plain.picture), {"sample": torch.rand(2, 3, SIZE, SIZE) * 2 - 1}, "house-clip-image.onnx", ["image_embeds", "last_hidden_state"]),
             "text": (plain.text, {"input_ids": ids}, "house-clip-text.onnx", ["text_embeds"])}
    files = {}
    for name, (module, inputs, file, outputs) in parts.items():
        path = folder / file
        export_graph(module, inputs, outputs, path)
        first = difference(module, inputs, path)
        assert first < 1e-4, f"{file} disagrees with PyTorch by {first:.1e}"
        shrink_convolutions(path)
        shrink(path, "int8")
        print(f"{file}: {path.stat().st_size / 1e6:.2f} MB, max abs {first:.1e} as float32, {difference(module, inputs, path):.1e} stored")
        files[name] = fingerprint(path)
    accuracy = Check(groups=600, seed=777).read(Stored(folder))
    print(accuracy)
    manifest = {
        **files, "tokenizer": fingerprint(TOKENIZER), "size": SIZE, "dimensions": DIMENSIONS, "frame": {"length": LENGTH, "padId": 0, "bosId": 1, "eosId": 2},
        "trained": {"pictures": saved["step"] * saved["batch"], "steps": saved["step"], "minutes": round(saved["spent"] / 60, 1), "seed": saved["seed"],
                    "startedFrom": saved["started_from"], "recipe": "models/training/clip/train.py", "license": "MIT", "accuracy": accuracy},
    }
    (folder / "house-clip.json").write_text(json.dumps(manifest, indent=1) + "\n")
    golden(folder)
