#!/bin/sh
# One lab host, from power-on to power-off. Runs in a mount namespace of its own, so its mounts end with it.
# Arguments: LAB NAME FOLDER LOWER_LAYERS NETWORK_NAMESPACE
set -eu
lab=$1 name=$2 folder=$3 layers=$4 network=$5

exec </dev/null >"$folder/console.log" 2>&1

# A control group per host and hierarchy: hosts that shared one would share their services' limits.
# In the version 2 hierarchy it starts at the root, where the controllers are handed down.
if ! grep -q '^[^ ]* /sys/fs/cgroup' /proc/self/mounts; then
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
fi
while read -r _ point type options _; do
    case $type:$options in
        *cpuset*) continue ;;
        cgroup2:*) own=/ ;;
        cgroup:*) own=$(sed -n "s|^[0-9]*:\(.*,\)\?\(name=\)\?${point##*/}\(,.*\)\?:||p" /proc/self/cgroup) ;;
        *) continue ;;
    esac
    group=$point${own%/}/$lab/$name
    mkdir -p "$group"
    echo $$ >"$group/cgroup.procs"
done </proc/self/mounts

mkdir -p "$folder/usb"
mount -t overlay overlay -o "lowerdir=$layers,upperdir=$folder/upper,workdir=$folder/work" "$folder/root"

# Process id and start time: who is recorded here has its control groups and its disk.
echo "$$ $(cut -d' ' -f22 /proc/$$/stat)" >"$folder/process.new"
mv "$folder/process.new" "$folder/process"

# Exit code 133 is a reboot.
code=133
while [ $code -eq 133 ]; do
    code=0
    systemd-nspawn --quiet --boot --register=no --keep-unit --directory="$folder/root" \
        --machine="$lab-$name" --hostname="$name" --network-namespace-path="$network" \
        --bind-ro="$folder/bus:/sys/bus" --bind="$folder/usb:/dev/bus/usb" --console=read-only --link-journal=no --resolv-conf=off --timezone=off || code=$?
done
exit $code
