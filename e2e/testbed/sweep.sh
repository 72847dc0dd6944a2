#!/bin/bash
# Ends a bed and removes every trace of it. Runs beside the starter and waits on stdin: the pipe ends when the starter
# lets go of it, or dies by whatever signal.
# Usage: sweep.sh <bed folder> <bed number>
bed=$1
number=$2
cat >/dev/null

shopt -s nullglob
inits=()
for file in "$bed"/*/starter.pid; do
  pid=$(<"$file")
  # Only a process that names this bed is ours: numbers are used again.
  if tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -qF "$bed/"; then
    inits+=($(pgrep -P "$pid"))
    kill -KILL "$pid"
    inits+=("$pid")
  fi
done
for pid in "${inits[@]}"; do
  for _ in $(seq 200); do
    state=$(sed 's/.*) //; s/ .*//' "/proc/$pid/stat" 2>/dev/null)
    if [ -z "$state" ] || [ "$state" = Z ]; then break; fi
    sleep 0.05
  done
done

for link in /sys/class/net/mb"$number"[a-z]h; do ip link del "${link##*/}" 2>/dev/null; done

# The kernel empties a control group a moment after its last process has gone.
ids=()
for folder in "$bed"/*/containerd/io.containerd.grpc.v1.cri/{sandboxes,containers}/* "$bed"/*/state/io.containerd.runtime.v2.task/k8s.io/*; do
  ids+=("${folder##*/}")
done
if [ ${#ids[@]} -gt 0 ]; then
  names=()
  for id in "${ids[@]}"; do names+=(-o -name "$id"); done
  for _ in $(seq 40); do
    left=$(find /sys/fs/cgroup -depth -type d \( "${names[@]:1}" \) 2>/dev/null)
    if [ -z "$left" ]; then break; fi
    while read -r folder; do find "$folder" -depth -type d -exec rmdir {} \; 2>/dev/null; done <<<"$left"
    sleep 0.05
  done
  # The parent of all: not while another bed may be about to put a group into it.
  beds=("${bed%/*}"/[0-9]*)
  if [ ${#beds[@]} -le 1 ]; then
    find /sys/fs/cgroup -depth -type d -name k8s.io -exec rmdir {} \; 2>/dev/null
  fi
fi

awk -v prefix="$bed/" 'index($5, prefix) == 1 {print $5}' /proc/self/mountinfo | sort -r | while read -r place; do
  umount -l "$place"
done
# A component that is still dying, after a start that was cut short, may write one more file.
for _ in $(seq 40); do
  if rm -rf "$bed" 2>/dev/null; then break; fi
  sleep 0.05
done
