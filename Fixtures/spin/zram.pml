/* The merged fix (5.16) against rmmod: N writers, each ROUNDS times disksize or reset, and one module removal.
   The same abstraction as the explorer's: every lock, reference and shared variable is a step of its own.
   spin -DN=5 -DROUNDS=2 -a zram.pml */
#ifndef N
#define N 5
#endif
#ifndef ROUNDS
#define ROUNDS 2
#endif
bool open_mutex, init_lock, state_mutex, claim, dead_d, dead_r, gone_d, gone_r, inst, dead_instances, live = true;
byte act_d, act_r, openers;

#define lock(m)   atomic { !m -> m = true }
#define unlock(m) m = false

inline reset_device() {
    lock(init_lock);
    if
    :: inst ->
        lock(state_mutex); inst = false; unlock(state_mutex)
    :: else
    fi;
    unlock(init_lock)
}

inline disksize() {
    bool ok;
    if :: gone_d -> goto done_d :: else fi;             /* lookup */
    atomic { ok = !dead_d; if :: ok -> act_d++ :: else fi };
    if :: !ok -> goto done_d :: else fi;
    act_d--;                                            /* open */
    atomic { ok = !dead_d; if :: ok -> act_d++ :: else fi };
    if :: !ok -> goto done_d :: else fi;
    lock(init_lock);
    if
    :: !inst -> lock(state_mutex); inst = true; unlock(state_mutex)
    :: else
    fi;
    unlock(init_lock);
    act_d--;
done_d: skip
}

inline reset() {
    bool ok2;
    if :: gone_r -> goto done_r :: else fi;
    atomic { ok2 = !dead_r; if :: ok2 -> act_r++ :: else fi };
    if :: !ok2 -> goto done_r :: else fi;
    act_r--;
    atomic { ok2 = !dead_r; if :: ok2 -> act_r++ :: else fi };
    if :: !ok2 -> goto done_r :: else fi;
    lock(open_mutex);
    if
    :: claim -> unlock(open_mutex)
    :: else ->
        claim = true; unlock(open_mutex);
        reset_device();
        lock(open_mutex); claim = false; unlock(open_mutex)
    fi;
    act_r--;
done_r: skip
}

active [N] proctype writer() {
    byte round = 0;
    do
    :: round == ROUNDS -> break
    :: else ->
#ifdef RESET
        disksize(); reset();
#else
        disksize();
#endif
        round++
    od
}

active proctype rmmod() {
    bool claimed;
    live = false;
    lock(open_mutex); claimed = claim; claim = true; unlock(open_mutex);
    if :: !claimed -> reset_device() :: else fi;
    lock(open_mutex); unlock(open_mutex);
    dead_d = true; act_d == 0; gone_d = true;
    dead_r = true; act_r == 0; gone_r = true;
    reset_device();
    lock(state_mutex); assert(!inst); unlock(state_mutex)
}
