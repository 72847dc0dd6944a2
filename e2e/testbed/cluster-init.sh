#!/bin/bash
# First process of one cluster: owns the namespaces, starts components when told, and reaps what they leave behind.
# Usage: cluster-init.sh <cluster folder> namespaced|plain      stdin: a pipe that ends with the starter
set -u
folder=$1
mode=$2

if [ "$mode" = namespaced ]; then
  mount --make-rprivate /
  # The runtime and the network plugins write to fixed places; here these are private to the cluster and vanish with it.
  for place in /run /var/lib /var/log; do mount -t tmpfs tmpfs $place; done
  mkdir -p /run/containerd /run/netns /run/lock /var/lib/cni /var/log/containers /var/log/pods
  # overlayfs cannot lie on overlayfs, which is what /tmp is inside a container.
  if [ "$(stat -f -c %T "$folder")" = overlayfs ]; then mount -t tmpfs tmpfs "$folder/containerd"; fi
fi

exec 3<>"$folder/control" 4<&0 </dev/null
(
  cat <&4 >/dev/null
  echo quit >&3
) &

echo ready
while read -r verb name <&3; do
  case $verb in
    # The death signal matters only without namespaces: there, nothing else would end the component with us.
    start) setpriv --pdeathsig KILL -- bash "$folder/run/$name.sh" 3>&- 4<&- & ;;
    quit) exit 0 ;;
  esac
done
