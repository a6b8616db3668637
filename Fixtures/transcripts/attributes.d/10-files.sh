# The files: which, their modes, and what may be done to them other than reading and writing. Sourced by attributes.sh.

rw='disksize comp_algorithm uevent'
ro='initstate io_stat mm_stat debug_stat ro size dev removable range capability hidden ext_range stat inflight'
wo='reset compact mem_limit mem_used_max idle algorithm_params'
# Only where the kernel was built with them (multi-comp, writeback).
for name in recomp_algorithm backing_dev writeback_limit writeback_limit_enable bd_stat recompress writeback; do
    [[ -e $sys/$name ]] && line "optional: $name"
done
[[ -e $sys/max_comp_streams ]] && line "max_comp_streams exists"

title 'attributes: mode, size, owner'
for name in $rw $ro $wo; do p "$name" - stat; done
pc hot_add - stat
pc hot_remove - stat
line "device directory:$("$probe" "$sys/" - stat)"
line "control directory:$("$probe" "$control/" - stat)"

title 'fresh device'
state
show mm_stat io_stat debug_stat ro removable range capability hidden ext_range inflight
line "dev: $(sed -E 's/^[0-9]+:[0-9]+$/MAJOR:MINOR/' "$sys/dev")"
line "dev equals uevent: $([[ $(<"$sys/dev") == $(sed -n 's/MAJOR=//p' "$sys/uevent"):$(sed -n 's/MINOR=//p' "$sys/uevent") ]] && echo yes)"
line "uevent: $(tr '\n' ' ' <"$sys/uevent")"
line "stat: $(awk '{ print NF, "fields" }' "$sys/stat")"

title 'open: a right that no mode bit gives is refused to root too'
for name in disksize initstate reset; do
    for flags in r w rw x r,trunc w,trunc w,append r,nonblock r,direct w,direct r,dir r,path r,creat w,creat,excl w,sync; do
        p "$name" "$flags"
    done
done
pc hot_add w
pc hot_add rw
pc hot_remove r
pc hot_remove rw
for name in disksize initstate reset; do p "$name" - access:r access:w access:x access:f; done

title 'nobody: modes count'
for name in disksize initstate reset uevent; do asUser "$name" r; asUser "$name" w; done
asUser disksize - chmod:0777 chown:1,1 utimes:5 truncate:0 unlink
asUser new r,creat
"$probe" -u 65534 "$control/hot_add" r
"$probe" -u 65534 "$control/hot_remove" w

title 'names cannot be made or unmade'
p new w,creat
p new r
p new - stat mkdir mkfifo mkreg mkblk symlink unlink rmdir
p reset - unlink rmdir mkdir symlink mkreg link:new rename:new rename:compact
p '.' w,tmp
pc new w,creat
pc new - mkdir symlink mkreg
pc hot_add - unlink rename:new link:new
p 'disksize/x' r
line "device directory rmdir:$("$probe" -n . "$sys" - rmdir)"
line "device directory rename:$("$probe" -n . "$sys" - rename:zramnew)"

title 'owner, mode and times can be changed, the size cannot'
p disksize - truncate:0 stat truncate:10000 stat truncate:-1
p disksize rw ftruncate:0 fstat ftruncate:5000 fstat
p initstate r ftruncate:0
p initstate - truncate:0 stat
p disksize - chown:1,2 stat chown:0,0 stat
p disksize - utimes:1000000000 mtime
p disksize - chmod:0600 stat chmod:0644 stat
p disksize - getxattr:user.x setxattr:user.x listxattr
p disksize - getxattr:security.capability

title 'a mode bit without a method'
p initstate - chmod:0644
p initstate w write:1
p initstate rw read:10 write:1
p reset - chmod:0600
p reset r read:10
p reset r pread@5:10
p initstate - chmod:0444 stat
p reset - chmod:0200 stat
