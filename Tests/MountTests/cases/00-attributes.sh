#!/bin/bash
# The attribute files and the disk, call for call as Linux 6.18's.
# limit: 120
source "$(dirname "$0")/../lib.sh"
needRoot
need flock
start_mount abi=6.18
"$here/transcript.sh" "$MNT" || fail 'transcript differs'
stop_mount || fail 'umount'
