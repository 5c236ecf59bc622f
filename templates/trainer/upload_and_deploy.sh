#!/usr/bin/env bash
# From the files of a training to the fleet: ./upload_and_deploy.sh MODEL VERSION FILE... [--notebook OUT.ipynb]
set -euo pipefail
folder=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
exec /usr/bin/python3 -I -B "$folder/.sentinelcam/trainer" publish "$@"
