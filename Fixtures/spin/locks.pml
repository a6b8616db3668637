/* zram's locks, references and allocations, written from what the kernel does and not from the driver here: a second
   opinion on the explorer's verdicts (Tests/Judges/spin). One device, two of its files, the class's hot_remove, the module.
   -DSETUP -DDISKSIZE=n -DRESET=n -DHOTREMOVE=n -DRMMOD=n: who is there.
   -DFIX1 -DFIX2 -DFIX3: the merged patches; -DUP: v8 11/12; -DPINS: v8 9/12; -DSTOREPINS: v6; -DOPENMUTEX: Ming's first. */
#ifndef DISKSIZE
#define DISKSIZE 0
#endif
#ifndef RESET
#define RESET 0
#endif
#ifndef HOTREMOVE
#define HOTREMOVE 0
#endif
#ifndef RMMOD
#define RMMOD 0
#endif
#define D 0        /* zram0/disksize */
#define R 1        /* zram0/reset */
#define H 2        /* zram-control/hot_remove */

byte act[3], done;
bool dead[3], gone[3];
bool index_mutex, open_mutex, init_lock, cpuhp_mutex, module_mutex;
bool claim, up = true, present = true, device_freed, going, loaded = true, text_freed;
byte references = 1;
/* What a disksize_store allocates: a table and a compressor, which is an instance of the hotplug state. */
byte table, comp, allocated;
bool size, table_alive[4], comp_alive[4], listed[4];
/* Verdicts. */
bool deadlock, instances_left, use_after_free, leak;

#define lock(m)   atomic { !m -> m = true }
#define unlock(m) m = false
/* Everybody else goes on; who runs into freed memory is killed where it stands. */
#define oops      use_after_free = true; assert(!use_after_free); goto killed
/* A step of the driver's code on the device. */
#define touch     if :: atomic { text_freed || device_freed -> oops } :: else fi

inline get_active(n, ok) {
    atomic { ok = !dead[n]; if :: ok -> act[n]++ :: else fi };
#ifdef PINS
    if
    :: ok ->
        atomic { if :: !going && references > 0 -> references++ :: else -> ok = false fi };
        if :: !ok -> act[n]-- :: else fi
    :: else
    fi
#endif
}

inline put_active(n) {
    act[n]--;
#ifdef PINS
    references--
#endif
}

/* A path is looked up, opened (which takes an active reference and drops it), and written to. */
inline open(n, ok) {
    ok = !gone[n];
    if :: ok -> get_active(n, ok); if :: ok -> put_active(n) :: else fi :: else fi;
    if :: ok -> get_active(n, ok) :: else fi;
#ifdef STOREPINS
    if
    :: ok ->
        atomic { if :: !going && references > 0 -> references++ :: else -> ok = false fi };
        if :: !ok -> put_active(n) :: else fi
    :: else
    fi
#endif
}

inline close(n) {
#ifdef STOREPINS
    references--;
#endif
    put_active(n)
}

inline remove_file(n) { dead[n] = true; act[n] == 0; gone[n] = true }

inline zcomp_destroy(c) {
    if :: atomic { !comp_alive[c] -> oops } :: else fi;
    lock(cpuhp_mutex); listed[c] = false; unlock(cpuhp_mutex);
    if :: atomic { !comp_alive[c] -> oops } :: atomic { else -> comp_alive[c] = false } fi
}

/* Frees whatever table the device has by then, and the compressor that it had. */
inline free_meta(t, c) {
    touch;
    t = table;
    if :: atomic { !table_alive[t] -> oops } :: else fi;
    touch;
    t = table;
    if :: atomic { !table_alive[t] -> oops } :: atomic { else -> table_alive[t] = false } fi;
    zcomp_destroy(c);
    touch
}

inline zram_reset_device(t, c) {
    lock(init_lock);
    touch;
    if
    :: size ->
        c = comp;
        size = false;
#ifdef FIX1
        free_meta(t, c);
        unlock(init_lock)
#else
        unlock(init_lock);
        free_meta(t, c)
#endif
    :: else -> unlock(init_lock)
    fi
}

inline del_gendisk() {
    lock(open_mutex); unlock(open_mutex);
    remove_file(D);
    remove_file(R)
}

inline zram_remove(ok, claimed, t, c) {
    ok = true;
    claimed = false;
#ifdef OPENMUTEX
    lock(open_mutex);
    zram_reset_device(t, c);
    unlock(open_mutex);
#else
    lock(open_mutex);
    claimed = claim;
#ifdef FIX2
    claim = true;
#else
    if :: claimed -> ok = false :: else -> claim = true fi;
#endif
    unlock(open_mutex);
    if :: ok && !claimed -> zram_reset_device(t, c) :: else fi;
#endif
    if
    :: ok ->
        del_gendisk();
#ifdef FIX3
        zram_reset_device(t, c);
#endif
        device_freed = true
    :: else
    fi
}

proctype disksize_store() {
    bool ok;
    byte n;
    open(D, ok);
    if :: !ok -> goto end :: else fi;
    touch;
#ifdef UP
    lock(index_mutex);
    if :: !up -> unlock(index_mutex); goto out :: else fi;
#endif
    lock(init_lock);
    touch;
    if
    :: !size ->
        atomic { allocated++; n = allocated; table_alive[n] = true; comp_alive[n] = true };
        lock(cpuhp_mutex); listed[n] = true; unlock(cpuhp_mutex);
        touch;
        table = n;
        comp = n;
        size = true
    :: else
    fi;
    unlock(init_lock);
    touch;
#ifdef UP
    unlock(index_mutex);
#endif
out:
    touch;
    close(D);
end:
    done++;
killed: skip
}

proctype reset_store() {
    bool ok;
    byte t, c;
    open(R, ok);
    if :: !ok -> goto end :: else fi;
    touch;
#ifdef UP
    lock(index_mutex);
    if :: !up -> unlock(index_mutex); goto out :: else fi;
#endif
#ifdef OPENMUTEX
    lock(open_mutex);
    zram_reset_device(t, c);
    unlock(open_mutex);
#else
    lock(open_mutex);
    touch;
    if
    :: claim -> unlock(open_mutex)
    :: else ->
        claim = true;
        unlock(open_mutex);
        touch;
        zram_reset_device(t, c);
        touch;
        lock(open_mutex); touch; claim = false; unlock(open_mutex)
    fi;
#endif
    touch;
#ifdef UP
    unlock(index_mutex);
#endif
out:
    touch;
    close(R);
end:
    done++;
killed: skip
}

proctype hot_remove_store() {
    bool ok, claimed;
    byte t, c;
    open(H, ok);
    if :: !ok -> goto end :: else fi;
    lock(index_mutex);
#ifdef UP
    if :: !up -> unlock(index_mutex); goto out :: else fi;
#endif
    if
    :: present -> zram_remove(ok, claimed, t, c); if :: ok -> present = false :: else fi
    :: else
    fi;
    unlock(index_mutex);
out:
    close(H);
end:
    done++;
killed: skip
}

proctype rmmod() {
    bool ok, claimed;
    byte t, c;
    lock(module_mutex);
    if :: !loaded || going -> unlock(module_mutex); goto end :: else fi;
    atomic { if :: references == 1 -> references = 0; going = true; ok = true :: else -> ok = false fi };
    unlock(module_mutex);
    if :: !ok -> goto end :: else fi;
#ifdef UP
    lock(index_mutex);
    up = false;
#endif
    remove_file(H);
    if :: present -> zram_remove(ok, claimed, t, c) :: else fi;
    present = false;
    lock(cpuhp_mutex);
    if
    :: listed[1] || listed[2] || listed[3] -> atomic { instances_left = true; assert(!instances_left) }
    :: else
    fi;
    unlock(cpuhp_mutex);
#ifdef UP
    unlock(index_mutex);
#endif
    lock(module_mutex); loaded = false; unlock(module_mutex);
    text_freed = true;
end:
    done++;
killed: skip
}

/* What is left where nobody can go on. */
init {
    byte n;
    atomic {
#ifdef SETUP
        allocated = 1; table = 1; comp = 1; size = true; table_alive[1] = true; comp_alive[1] = true; listed[1] = true;
#endif
        n = 0; do :: n < DISKSIZE -> run disksize_store(); n++ :: else -> break od;
        n = 0; do :: n < RESET -> run reset_store(); n++ :: else -> break od;
        n = 0; do :: n < HOTREMOVE -> run hot_remove_store(); n++ :: else -> break od;
        n = 0; do :: n < RMMOD -> run rmmod(); n++ :: else -> break od
    };
    timeout;
    atomic {
        if
        :: done < DISKSIZE + RESET + HOTREMOVE + RMMOD && !use_after_free -> deadlock = true; assert(!deadlock)
        :: done == DISKSIZE + RESET + HOTREMOVE + RMMOD ->
            n = 1;
            do
            :: n < 4 ->
                if
                :: table_alive[n] && (device_freed || text_freed || table != n || !size) -> leak = true
                :: comp_alive[n] && (device_freed || text_freed || comp != n || !size) -> leak = true
                :: !table_alive[n] && !device_freed && size && table == n -> use_after_free = true
                :: else
                fi;
                n++
            :: else -> break
            od;
            if :: text_freed && !device_freed -> leak = true :: else fi;
            assert(!leak);
            assert(!use_after_free)
        :: else
        fi
    }
}
