"""Loads the averaged weights of a core checkpoint for use by other recipes."""

from __future__ import annotations

import torch
from tokenizers import Tokenizer

from batches import TOKENIZER
from model import Denoiser, ReferenceEncoder, TextEncoder
from train import LABELS, VOCABULARY


def load_core(checkpoint: str):
    """The networks in evaluation mode, and a function from texts to padded ids [B, 32]."""
    nets = torch.nn.ModuleDict({"text": TextEncoder(VOCABULARY), "core": Denoiser(LABELS), "reference": ReferenceEncoder()})
    nets.load_state_dict(torch.load(checkpoint, weights_only=True, map_location="cpu")["ema"])
    nets.eval()
    tokenizer = Tokenizer.from_file(str(TOKENIZER))

    def encode(texts: list[str]) -> torch.Tensor:
        ids = torch.zeros(len(texts), 32, dtype=torch.long)
        for k, text in enumerate(texts):
            row = tokenizer.encode(text).ids[:32]
            ids[k, :len(row)] = torch.tensor(row)
        return ids

    return nets, encode
