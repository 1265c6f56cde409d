"""How right a house-CLIP is: recall among 100, near misses told apart, and references told from other looks of the same concept."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from model import SIZE
from pairs import HERE, LENGTH, MISS, SCENE, Pairs, meaning
from world import COLORS

FIXTURES = HERE.parents[1] / "fixtures" / "house" / "evaluation"
AMONG, SCENES = 100, 500


def to_sample(pictures: np.ndarray) -> Tensor:
    return torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1


def scenes() -> tuple[Tensor, list[str]]:
    """The composer's pictures of the evaluation's first prompts."""
    sheet = np.asarray(Image.open(FIXTURES / "scenes.webp").convert("RGB"))
    columns = sheet.shape[1] // SIZE
    tiles = [sheet[k // columns * SIZE:(k // columns + 1) * SIZE, k % columns * SIZE:(k % columns + 1) * SIZE] for k in range(SCENES)]
    prompts = [row["prompt"] for row in json.loads((FIXTURES / "prompts.json").read_text())[:SCENES]]
    return to_sample(np.stack(tiles)), prompts


def encode(tokenizer, texts: list[str]) -> Tensor:
    ids = torch.zeros(len(texts), LENGTH, dtype=torch.long)
    for k, text in enumerate(texts):
        row = tokenizer.encode(text).ids[:LENGTH]
        ids[k, :len(row)] = torch.tensor(row)
    return ids


def recall(pictures: Tensor, texts: Tensor) -> tuple[float, float]:
    """Share of pictures whose own prompt is the nearest of AMONG, and of prompts whose own picture is."""
    hits = []
    for start in range(0, len(pictures) - AMONG + 1, AMONG):
        cosine = pictures[start:start + AMONG] @ texts[start:start + AMONG].T
        own = torch.arange(AMONG)
        hits.append([(cosine.argmax(1) == own).float().mean(), (cosine.argmax(0) == own).float().mean()])
    return tuple(float(v) for v in torch.tensor(hits).mean(0))


def exchanged(pairs: Pairs, kind: str, count: int) -> tuple[Tensor, Tensor, Tensor]:
    """Scenes of two things with a caption each, and a caption of the same words in which the two things ("turn") or their
    colours ("swap") have changed places: what a network that reads words without their order cannot tell."""
    rows = []
    while len(rows) < count:
        spec = pairs.scene()
        if spec["layout"] != "pair" or spec["relation"] == "next to":
            continue
        other = copy.deepcopy(spec)
        pairs.change(other, kind)
        if meaning(other) != meaning(spec):
            right, wrong = pairs.item(spec, SCENE), pairs.item(other, MISS)
            rows.append((right["image"], right["ids"][0], wrong["ids"][0]))
    images, right, wrong = (np.stack(column) for column in zip(*rows))
    return to_sample(images), torch.from_numpy(right).long(), torch.from_numpy(wrong).long()


class Check:
    """Fixed pictures and captions of a seed that no training has."""

    def __init__(self, groups: int = 300, seed: int = 4242) -> None:
        pairs = Pairs(seed)
        self.pictures, self.prompts = scenes()
        self.prompt_ids = encode(pairs.tokenizer, self.prompts)
        self.groups = pairs.batch(groups)
        # Another look of each thing's concept: another colour in the same drawing style, as a thing alone.
        rivals, references, own = [], [], []
        while len(own) < groups:
            spec = pairs.scene()
            if not spec["objects"]:
                continue
            first = {**spec, "objects": spec["objects"][:1]}
            rival = {**first, "objects": [dict(spec["objects"][0])]}
            natural = pairs.composer.concepts[spec["objects"][0]["concept"]].natural
            rival["objects"][0]["color"] = pairs.pick([c for c in [None, *COLORS] if c != spec["objects"][0]["color"] and c not in natural])
            own.append(pairs.composer.render(spec, SIZE)["image"])
            references.append(pairs.composer.render(pairs.thing(first), SIZE)["image"])
            rivals.append(pairs.composer.render(pairs.thing(rival), SIZE)["image"])
        self.exchanged = {"things": exchanged(pairs, "turn", groups // 2), "colours": exchanged(pairs, "swap", groups // 2)}
        self.own, self.references, self.rivals = (to_sample(np.stack(x)) for x in (own, references, rivals))

    @torch.no_grad()
    def read(self, net) -> dict[str, float]:
        """`net` is a Clip, or its stored files with the same names."""
        device = net.scale.device
        see = lambda x: torch.cat([net.picture(part.to(device)).cpu() for part in x.split(64)])
        say = lambda ids: torch.cat([net.text(part.to(device)).cpu() for part in ids.split(64)])
        pictures, texts = see(self.pictures), say(self.prompt_ids)
        of_picture, of_text = recall(pictures, texts)
        scene = see(to_sample(self.groups["image"][:, 0]))
        right, wrong = (say(torch.from_numpy(self.groups["ids"][:, k, 0]).long()) for k in (0, 1))
        # A near miss of style is only a mistake when the caption names the style.
        told = self.groups["meaning"][:, 0] != self.groups["meaning"][:, 1]
        binding = ((scene * right).sum(1) > (scene * wrong).sum(1)).numpy()[told].mean()
        own, reference, rival = see(self.own), see(self.references), see(self.rivals)
        true, other = (own * reference).sum(1), (own * rival).sum(1)
        values = {"prompt of the picture among 100": of_picture, "picture of the prompt among 100": of_text, "caption against its near miss": float(binding),
                  "reference against another colour, AUC": float((true[:, None] > other).float().mean()),
                  "cosine with the own prompt": float((pictures * texts).sum(1).mean()), "cosine with another prompt": float((pictures * texts.roll(1, 0)).sum(1).mean())}
        for name, (picture, right, wrong) in self.exchanged.items():
            of_picture = see(picture)
            values[f"caption against its two {name} exchanged"] = float(((of_picture * say(right)).sum(1) > (of_picture * say(wrong)).sum(1)).float().mean())
        return {k: round(v, 4) for k, v in values.items()}
