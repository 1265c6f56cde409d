#!/usr/bin/env bash
# Trains the autoencoder and the latent core on a machine with a GPU, as far as the time given reaches; call it again to go on.
#
#   OUT=FOLDER bash models/training/gpu.sh --minutes 9.2 [--last]
#
# gpu-session.md has the whole session. Needs no network. Reads sprites (as WebP), clip art and packed checkpoints from GESSO_TRAIN_DIR
# (default .train in the repository's root), keeps what the next call on this machine needs in STATE (default /tmp/gesso-gpu), and leaves
# in OUT what has to come home: at most eight files of at most 15 MiB. --last lets the learning rate fall to its end.
set -euo pipefail

minutes='' last=''
while [ $# -gt 0 ]; do
  case $1 in
    --minutes) minutes=$2; shift 2 ;;
    --last) last=--decay; shift ;;
    *) echo "unknown argument $1"; exit 2 ;;
  esac
done
[ -n "$minutes" ] && [ -n "${OUT:-}" ] || { echo 'usage: OUT=FOLDER bash models/training/gpu.sh --minutes M [--last]'; exit 2; }

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
carried=${GESSO_TRAIN_DIR:-$root/.train}
state=${STATE:-/tmp/gesso-gpu}
export GESSO_TRAIN_DIR=$state/data
python=${PYTHON:-python3}
device=${DEVICE:-cuda}
size=${SIZE:-gpu}
cores=$(nproc)
# Every process counts its own arithmetic; the workers would otherwise each start as many threads as there are cores.
export OMP_NUM_THREADS=1 PYTHONUNBUFFERED=1
started=$(date +%s)
left() { awk -v m="$minutes" -v s="$started" -v n="$(date +%s)" -v keep="$1" 'BEGIN { printf "%.2f", m - (n - s) / 60 - keep }'; }
enough() { awk -v l="$(left "$1")" -v want="$2" 'BEGIN { exit !(l >= want) }'; }
say() { echo "[$(left 0) min left] $*"; }

mkdir -p "$OUT" "$state"/{autoencoder,core,shards,latents,data}
background=() failed=0
stop() { for pid in "${background[@]:-}"; do [ -n "$pid" ] && kill "$pid" 2>/dev/null || true; done; }
trap stop EXIT

check() {
  "$python" - "$device" <<'PY'
import importlib.util, sys
from pathlib import Path
import os
if importlib.util.find_spec("torch") is None:
    sys.exit("torch is missing: this python cannot train. Point PYTHON at one that has it.")
missing = [m for m in ("numpy", "PIL", "scipy", "tokenizers", "onnx", "onnxruntime") if importlib.util.find_spec(m) is None]
if missing:
    sys.exit(f"missing packages: {' '.join(missing)} (numpy pillow scipy tokenizers onnx onnxruntime). Bring wheels: see gpu-session.md")
import torch
if sys.argv[1] == "cuda":
    if not torch.cuda.is_available():
        sys.exit(f"torch {torch.__version__} sees no GPU")
    print("torch", torch.__version__, torch.cuda.get_device_name(), f"{torch.cuda.get_device_properties(0).total_memory / 2**30:.0f} GiB")
folder = Path(os.environ["GESSO_TRAIN_DIR"])
if not (folder / "assets" / "3d").is_dir():
    sys.exit("no sprites: carry them in (gpu-session.md, step 1)")
if not (folder / "clipart" / "sources.json").exists():
    print(f"no clip art: its share of the autoencoder's pictures goes to scenes")
PY
}

if [ -d "$carried/wheels" ]; then
  "$python" -m pip install -q --no-index --no-deps --target "$state/site" --upgrade "$carried"/wheels/*.whl
  export PYTHONPATH="$state/site${PYTHONPATH:+:$PYTHONPATH}"
fi
[ ! -d "$carried/clipart" ] || ln -sfn "$carried/clipart" "$GESSO_TRAIN_DIR/clipart"
if [ ! -d "$GESSO_TRAIN_DIR/assets/3d" ] && [ -d "$carried/sprites" ]; then
  "$python" "$here/latent/sprites.py" unpack "$carried/sprites" "$GESSO_TRAIN_DIR/assets"
fi
check
say "machine is fit: $cores cores"

# What an earlier session brought home takes the place of what this machine does not have yet.
for name in autoencoder core; do
  if [ ! -f "$state/$name/ema.pt" ] && compgen -G "$carried/packed/$name-*.part" >/dev/null; then
    "$python" "$here/latent/checkpoint.py" unpack "$carried/packed" "$name" "$state/$name/ema.pt"
    [ "$name" = core ] || touch "$state/autoencoder/done"
    say "unpacked $name"
  fi
done

# Calls are counted over all sessions, so that none draws the rows of another.
[ -f "$state/calls" ] || cp "$carried/packed/calls" "$state/calls" 2>/dev/null || echo 0 >"$state/calls"
call=$(($(cat "$state/calls") + 1))
echo "$call" >"$state/calls"
cp "$state/calls" "$OUT/calls"
draw_rows() { # workers, minutes, seed
  "$python" "$here/latent/rows.py" --out "$state/shards" --workers "$1" --minutes "$2" --limit "${SHARDS:-200}" --rows "${ROWS:-256}" --seed "$3" &
  background+=($!)
}

if [ ! -f "$state/autoencoder/done" ]; then
  # Two workers in three draw the autoencoder's pictures; the others already draw rows for the core.
  draw_rows $(((cores + 2) / 3)) "$(left 1)" $((2 * call))
  budget=$(awk -v l="$(left 1.5)" -v most="${AUTOENCODER_MINUTES:-6}" 'BEGIN { print (l < most) ? l : most }')
  say "autoencoder for $budget minutes"
  "$python" "$here/autoencoder/train.py" --out "$state/autoencoder" --size "$size" --device "$device" --workers $((cores * 2 / 3)) \
    --minutes "$budget" ${AUTOENCODER_FLAGS:-}
  "$python" "$here/autoencoder/measure.py" "$state/autoencoder/ema.pt" --sheet "$OUT/autoencoder.png" --sheet-only
  touch "$state/autoencoder/done"
  stop
  background=()
fi
"$python" "$here/latent/checkpoint.py" pack "$state/autoencoder/ema.pt" "$OUT" autoencoder

if enough 1.2 1; then
  draw_rows $((cores > 2 ? cores - 2 : 1)) "$(left 1)" $((2 * call + 1))
  "$python" "$here/latent/encode.py" --autoencoder "$state/autoencoder/ema.pt" --shards "$state/shards" --out "$state/latents" --device "$device" --minutes "$(left 1)" &
  background+=($!)
  say "core until a minute before the end"
  # Whatever stops the training, what it saved last comes home.
  "$python" "$here/latent/train.py" --latents "$state/latents" --out "$state/core" --device "$device" --minutes "$(left 1)" --seed "$call" $last \
    ${CORE_FLAGS:---compile} || failed=1
  if [ -f "$state/core/ema.pt" ]; then
    "$python" "$here/latent/sample.py" --core "$state/core/ema.pt" --autoencoder "$state/autoencoder/ema.pt" --out "$OUT/core.png" --device "$device" ${SHEET_FLAGS:-}
    "$python" "$here/latent/checkpoint.py" pack "$state/core/ema.pt" "$OUT" core --bits 8
  fi
fi
for name in autoencoder core; do
  [ -f "$state/$name/log.jsonl" ] && sed "s/^{/{\"run\": \"$name\", /" "$state/$name/log.jsonl"
done >"$OUT/log.jsonl" || true
[ -f "$state/autoencoder/metrics.json" ] && tr -d '\n' <"$state/autoencoder/metrics.json" >>"$OUT/log.jsonl" || true
say "done; bring home:"
ls -l "$OUT"
exit "$failed"
