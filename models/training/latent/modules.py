"""Loads the sources of the other recipes under names of their own: two of them are called model.py, and one is needed in another size."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

TRAINING = Path(__file__).parents[1]
for folder in ("core", "data", "export"):
    path = str(TRAINING / folder)
    if path not in sys.path:
        sys.path.append(path)


def load(source: str, name: str, **constants: int) -> ModuleType:
    """A fresh module of models/training/`source`, whose constants are replaced before any of its classes is used."""
    spec = importlib.util.spec_from_file_location(name, TRAINING / source)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    unknown = [k for k in constants if not hasattr(module, k)]
    assert not unknown, f"{source} has no {unknown}"
    vars(module).update(constants)
    return module


autoencoder = load("autoencoder/model.py", "gesso_autoencoder")
