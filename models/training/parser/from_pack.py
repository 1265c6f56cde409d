"""Reads a stored parser back into the network, so that a training can go on from it without its checkpoint."""

from __future__ import annotations

from pathlib import Path

import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from model import Parser


def load_parser(net: Parser, path: Path, pictures: Tensor) -> float:
    """Fills `net` from scene-parser.onnx; the largest difference of its outputs on `pictures` [B, 3, 64, 64] from the graph's.

    The graph's convolutions have their batch norms folded into them, so each norm is set to undo what it does to `pictures`: with their
    mean and variance as its running ones, the square root of the variance as its weight, and the mean and the stored bias as its bias.
    """
    stored = {t.name: torch.from_numpy(numpy_helper.to_array(t).copy()).float() for t in onnx.load(str(path)).graph.initializer}
    modules = dict(net.named_modules())
    hooks = []

    def undo(bias: Tensor):
        def hook(norm: nn.BatchNorm2d, given: tuple[Tensor]) -> None:
            variance, mean = torch.var_mean(given[0], (0, 2, 3), correction=0)
            norm.running_mean.copy_(mean)
            norm.running_var.copy_(variance)
            norm.weight.copy_((variance + norm.eps).sqrt())
            norm.bias.copy_(mean + bias)
        return hook

    net.eval()
    with torch.no_grad():
        for name, module in modules.items():
            if isinstance(module, nn.Conv2d) and module.bias is None:
                module.weight.copy_(stored[f"{name}.weight_h"])
                norm = modules[f"{name.rsplit('.', 1)[0]}.1"]
                hooks.append(norm.register_forward_pre_hook(undo(stored[f"{name}.weight_bias"])))
            elif isinstance(module, nn.Conv2d | nn.Linear):
                module.weight.copy_(stored[f"{name}.weight_h"])
                module.bias.copy_(stored[f"{name}.bias"])
        net(pictures)
        for hook in hooks:
            hook.remove()
        got = net(pictures)
    net.train()
    from graphs import session
    expected = [torch.from_numpy(value) for value in session(path).run(None, {"sample": pictures.contiguous().numpy()})]
    return max(float((a - b).abs().max()) for a, b in zip(got, expected))
