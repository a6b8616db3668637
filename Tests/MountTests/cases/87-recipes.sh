#!/usr/bin/env bash
# The thread's two recipes end as the thread says, under each policy.
# limit: 300
. "$(dirname "$0")/../lib.sh"
needRoot
export TMPDIR=$work ROUNDS=${ROUNDS:-40}
timeout -k 2 280 "$fixtures/recipes/run"; is 'recipes' 0 $?
