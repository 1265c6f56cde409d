#!/usr/bin/env bash
# The whole of gpu.sh on a CPU in miniature: bash models/training/latent/smoke.sh FOLDER. Takes about three minutes of processor time (with MINUTES=9 on a crowded machine 26 by the clock).
#
# Autoencoder of CPU size, shards of 16 rows, core steps at batch 4, a sheet of two prompts, packing; then a second call that starts from the
# packed files as another machine would; then the ONNX files of everything. GESSO_TRAIN_DIR must have the sprites.
set -euo pipefail
folder=$1
here=$(cd "$(dirname "$0")" && pwd)
data=${GESSO_TRAIN_DIR:-/work/train}
python=${PYTHON:-python3}
mkdir -p "$folder/data"
[ ! -d "$data/clipart" ] || ln -sfn "$data/clipart" "$folder/data/clipart"
"$python" "$here/sprites.py" pack "$data/assets" "$folder/data/sprites"
export GESSO_TRAIN_DIR=$folder/data PYTHON=$python DEVICE=cpu SIZE=cpu ROWS=16 SHARDS=4
export AUTOENCODER_FLAGS='--workers 0 --bank 256 --steps 5 --no-metrics' CORE_FLAGS='--batch 4 --steps 2 --rows 16 --capacity 500'
export SHEET_FLAGS='--steps 2 --count 2'

AUTOENCODER_MINUTES=${AUTOENCODER_MINUTES:-1.5} STATE=$folder/first OUT=$folder/out-1 bash "$here/../gpu.sh" --minutes "${MINUTES:-6}"
mkdir -p "$folder/data/packed"
cp "$folder"/out-1/*.part "$folder/out-1/calls" "$folder/data/packed/"
STATE=$folder/second OUT=$folder/out-2 bash "$here/../gpu.sh" --minutes "${MINUTES:-6}" --last
"$python" "$here/../autoencoder/export.py" --checkpoint "$folder/second/autoencoder/ema.pt" --out "$folder/onnx"
"$python" "$here/export.py" --core "$folder/second/core/ema.pt" --out "$folder/onnx"
ls -l "$folder/onnx"
