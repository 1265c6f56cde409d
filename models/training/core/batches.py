"""Training batches for the core, drawn by the scene composer in a worker process."""

from __future__ import annotations

import multiprocessing as mp
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "data"))
from composer import Composer, Mixture
from image_encoder import ImageEncoder

TASKS = ["text-to-image", "inpaint", "edge", "depth", "segmentation", "scribble", "reference", "edit"]
SHARES = np.array([0.565, 0.12, 0.045, 0.03, 0.035, 0.035, 0.0, 0.17])
# The evaluation loss is always of the mixture that the first pack was trained on, of tasks as of scenes (composer.Mixture).
EVALUATION_SHARES = np.array([0.70, 0.12, 0.045, 0.03, 0.035, 0.035, 0.0, 0.035])
# A reference picture goes with any task but editing; it comes as rows of its own, so whole batches have one or none.
REFERENCE_SHARES = np.array([0.72, 0.12, 0.05, 0.03, 0.04, 0.04, 0.0, 0.0])
REFERENCE_BATCHES = 0.4
MIXTURE = Mixture(layouts=(0.03, 0.51, 0.18, 0.28), styles=(0.74, 0.12, 0.14), weather=0.25, looks=0.08)
TEXT_DROP = 0.1
CONDITION_DROP = 0.05
REFERENCE_DROP = 0.12
TOKENIZER = HERE.parents[1] / "packs" / "house-image" / "tokenizer.json"


class Source:
    """Draws batches of numpy arrays; the same seed gives the same stream. `evaluation` draws what every evaluation loss is measured on,
    `edits` says whether edits by instruction are among the tasks."""

    def __init__(self, seed: int, size: int = 64, evaluation: bool = False, edits: bool = True):
        from references import References
        from tokenizers import Tokenizer
        self.composer = Composer(seed, Mixture() if evaluation else MIXTURE)
        self.references = References(self.composer)
        self.image_encoder = ImageEncoder()
        self.evaluation, self.edits = evaluation, edits
        self.rng = np.random.default_rng(seed + 1)
        self.tokenizer = Tokenizer.from_file(str(TOKENIZER))
        self.size = size

    def encode(self, text: str, cap: int) -> list[int]:
        return self.tokenizer.encode(text).ids[:cap]

    def _loosen(self, control: np.ndarray, strength: float) -> np.ndarray:
        """A weaker control is followed less closely: the map is shifted and parts of it are erased."""
        rng = self.rng
        reach = round((1 - strength) * 6)
        control = np.roll(control, (int(rng.integers(-reach, reach + 1)), int(rng.integers(-reach, reach + 1))), (0, 1))
        if rng.random() < 1 - strength:
            control = control.copy()
            w = self.size // 3
            y, x = rng.integers(0, self.size - w, 2)
            control[y:y + w, x:x + w] = control[0, 0]
        return control

    def sample(self, cap: int, shares: np.ndarray, referring: bool = False) -> dict:
        rng, composer = self.rng, self.composer
        task = TASKS[int(rng.choice(8, p=shares))]
        spec = self.references.describe() if referring else composer.describe()
        drawn = composer.render(spec, self.size)
        reference = self.references.of(spec, rng) if referring else None
        text = composer.caption(spec if reference is None else reference["spoken"])
        for _ in range(4):
            if len(self.encode(text, 99)) <= cap:
                break
            text = composer.caption(spec, rich=False)
        condition = np.zeros((self.size, self.size, 3), np.int16)
        mask = np.zeros((self.size, self.size), np.uint8)
        strength = 1.0 if rng.random() < 0.5 else float(rng.uniform(0.3, 1))
        target = drawn
        if task == "inpaint":
            mask = composer.repaint_mask(spec, drawn)
            condition = (drawn["image"].astype(np.int16) * 2 - 255) * (1 - mask[..., None])
            strength = 1.0
        elif task == "edit":
            for _ in range(6):
                if (found := composer.edit(spec)) is not None:
                    after, text = found
                    condition = drawn["image"].astype(np.int16) * 2 - 255
                    target, spec = composer.render(after, self.size), after
                    break
            else:
                task = "text-to-image"
            strength = 1.0
        elif task != "text-to-image":
            control = {"edge": lambda: composer.edges(drawn), "depth": lambda: composer.depth(spec, drawn),
                       "segmentation": lambda: composer.segmentation(drawn), "scribble": lambda: composer.scribble(drawn)}[task]()
            if control.ndim == 2:
                control = np.repeat(control[..., None], 3, 2)
            condition = self._loosen(control, strength).astype(np.int16) * 2 - 255
        if task == "text-to-image":
            strength = 0.0
        if task == "edit" and not self.evaluation:
            text, condition, strength = self._drop(text, condition, strength)
        elif rng.random() < TEXT_DROP:
            text = ""
        if task in ("edge", "depth", "segmentation", "scribble") and rng.random() < CONDITION_DROP:
            condition = np.zeros_like(condition)
        row = {"image": target["image"], "condition": condition, "mask": mask, "task": TASKS.index(task), "strength": strength,
               "ids": self.encode(text, cap), "labels": composer.patch_labels(spec, target), "text": text}
        if referring:
            kept = reference is not None and rng.random() >= REFERENCE_DROP
            row["reference"] = reference["image"] if kept else np.zeros((self.size, self.size, 3), np.uint8)
            row["reference_strength"] = reference["strength"] if kept else 0.0
        return row

    def _drop(self, text: str, condition: np.ndarray, strength: float) -> tuple[str, np.ndarray, float]:
        """Dual guidance asks for the picture without the words and for neither (Brooks et al. 2023, section 3.2.1)."""
        roll = self.rng.random()
        if roll < 0.1:
            text = ""
        if 0.05 <= roll < 0.15:
            condition, strength = np.zeros_like(condition), 0.0
        return text, condition, strength

    def batch(self, count: int) -> dict:
        # Three lengths only: each compiles to its own graph, and most captions fit the short one.
        cap = int(self.rng.choice([16, 32], p=[0.75, 0.25]))
        referring = not self.evaluation and self.rng.random() < REFERENCE_BATCHES
        if referring:
            cap = 32
        shares = EVALUATION_SHARES if self.evaluation else REFERENCE_SHARES if referring or not self.edits else SHARES
        rows = [self.sample(cap, shares, referring) for _ in range(count)]
        ids = np.zeros((count, cap), np.int64)
        for k, row in enumerate(rows):
            ids[k, :len(row["ids"])] = row["ids"]
        references = {"reference": self.image_encoder(np.stack([r["reference"] for r in rows])),
                      "reference_strength": np.array([r["reference_strength"] for r in rows], np.float32)} if referring else {}
        return references | {
            "ids": ids, "image": np.stack([r["image"] for r in rows]), "condition": np.stack([r["condition"] for r in rows]),
            "mask": np.stack([r["mask"] for r in rows]), "task": np.array([r["task"] for r in rows]),
            "strength": np.array([r["strength"] for r in rows], np.float32), "labels": np.stack([r["labels"] for r in rows]).astype(np.int64),
            "text": [r["text"] for r in rows],
        }


def _work(seed: int, count: int, queue) -> None:
    source = Source(seed)
    while True:
        queue.put(source.batch(count))


def start_workers(seed: int, count: int, workers: int):
    """A queue that always holds the next few batches, and the processes that fill it."""
    context = mp.get_context("spawn")
    queue = context.Queue(4 + 2 * workers)
    processes = [context.Process(target=_work, args=(seed + 7 * k, count, queue), daemon=True) for k in range(workers)]
    for process in processes:
        process.start()
    return queue, processes
