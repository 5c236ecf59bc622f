#!/usr/bin/env bash
# Trains a face model, and says how to publish it: ./train_face_model.sh VERSION. Ends with papermill's exit code.
set -euo pipefail
if [ $# -ne 1 ] || [[ $1 = -* ]]; then
    echo "Usage: $0 VERSION" >&2
    exit 2
fi
folder=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
plan=$(/usr/bin/python3 -I -B "$folder/.sentinelcam/trainer" training "$1")
mapfile -t plan <<<"$plan"
papermill=${plan[0]} notebook=${plan[1]} output=${plan[2]} log=${plan[3]} next=${plan[4]}

# Only a training that ended well leaves the name that is published.
code=0
"$papermill" --no-progress-bar --log-output --cwd "$(dirname "$notebook")" "$notebook" "$output.running.ipynb" \
    -p model_version "$1" </dev/null 2>&1 | tee -a "$log" || code=$?
if [ "$code" -ne 0 ]; then
    [ ! -e "$output.running.ipynb" ] || mv "$output.running.ipynb" "$output.failed.ipynb"
    echo "papermill ended with $code; see $log and $output.failed.ipynb" >&2
    exit "$code"
fi
mv "$output.running.ipynb" "$output.ipynb"
echo "Next: $next"
