"""What the pack's house-CLIP sees of reference pictures: the same file that the studio asks, so training and use agree."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime as ort

IMAGE_ENCODER = Path(__file__).parents[2] / "packs" / "house-image" / "house-clip-image.onnx"


class ImageEncoder:
    def __init__(self, path: Path = IMAGE_ENCODER) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        options.add_session_config_entry("session.disable_quant_qdq", "1")
        self.session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def __call__(self, pictures: np.ndarray) -> np.ndarray:
        """uint8 [N, 64, 64, 3] to float16 [N, 65, 192], the class token first."""
        sample = pictures.transpose(0, 3, 1, 2).astype(np.float32) / np.float32(127.5) - 1
        return self.session.run(["last_hidden_state"], {"sample": sample})[0].astype(np.float16)
