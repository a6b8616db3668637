# The disk as a program sees it, before and after disksize, and while it is open. Sourced by attributes.sh.

title 'disk: uninitialised'
line "stat: disk:$("$probe" -n disk "$disk" - stat | sed 's/.*stat=//')"
pd rw lseek:0,end read:100 pread@4096:1 write:x pwrite@4096:x fsync
pd r,direct read:4096
pd rw,direct write:%rep,4096,x
pd rw,trunc
pd rw,creat
pd rw,append write:x

title 'disk: stores while it is open'
pd r run:"$probe -e $sys/reset w write:1" read:1
pd r run:"$probe -e $sys/disksize w write:1M" lseek:0,end pread@0:4 pread@1048575:10
pd r run:"$probe -e $sys/reset w write:1" run:"$probe -e $sys/reset w write:0" run:"$probe -e $sys/reset w write:65536" lseek:0,end
pd r run:"$probe -e $sys/disksize w write:2M" run:"$probe -e $sys/comp_algorithm w write:lz4" run:"$probe -e $sys/mem_limit w write:1M" \
    run:"$probe -e $sys/compact w write:1"
show initstate disksize
line 'closed: reset succeeds at once'
for round in 1 2 3 4 5; do
    pd rw write:%rep,4096,x
    stores reset 1
    quietly disksize 1M
done
pd w write:%rep,4096,x run:"$probe -e $sys/reset w write:1" fsync
stores reset 1
quietly disksize 1M

title 'disk: the end'
pd rw lseek:0,end lseek:0,cur write:x
pd rw lseek:1048575,set write:ab write:c
pd rw pwrite@1048576:x pwrite@1048575:x pwrite@1048570:0123456789 pwrite@1048577:x pwrite@999999999:x pwrite@-1:x
pd r pread@1048570:100 pread@1048576:1 pread@1048577:1 pread@999999999:1 pread@-1:1
pd rw lseek:1048576,set read:1 lseek:-1,set
pd rw lseek:1048577,set
pd rw lseek:0,data lseek:0,hole
pd rw pwrite@1044480:%rep,8192,y fsync
pd r lseek:0,end
pd rw,direct pwrite@1048576:%rep,4096,x pwrite@1044480:%rep,8192,x pread@1044480:8192 pread@1048576:4096

title 'disk: sizes and places cannot be changed'
pd rw ftruncate:0 ftruncate:4096 ftruncate:9999999
pd - truncate:0 truncate:9999999
pd rw,trunc lseek:0,end
pd w,trunc pwrite@0:abc
pd r pread@0:3 lseek:0,end
show disksize
memory

title 'disk: open flags'
pd rw,append write:first lseek:0,cur
pd r pread@0:5
pd rw,append lseek:4096,set write:second lseek:0,cur
pd r pread@4096:6
pd rw,sync pwrite@0:x
pd rw,nonblock pwrite@0:x
pd r,dir
pd w read:1
pd r write:x

title 'disk: O_DIRECT'
pd rw,direct pwrite@0:%rand,8192,1 pread@0:8192 pread@4096:4096
pd rw,direct pwrite@1:%rep,4096,x
pd rw,direct pwrite@0:%rep,100,x
pd rw,direct pwrite@262656:%rep,512,x
pd rw fallocate:3,262144,4096
pd rw,direct pread@1:4096
pd rw,direct pread@0:100
pd rw,direct pread@512:512

title 'disk: fallocate'
pd rw pwrite@0:%rand,65536,2 fsync fallocate:3,0,4096 pread@0:8 pread@4096:8
pd rw fallocate:3,8192,8192 pread@8192:8192
pd rw fallocate:3,512,512
pd rw fallocate:3,1,4096 fallocate:3,0,100 fallocate:3,4096,0 fallocate:3,-4096,4096
pd rw fallocate:3,1044480,4096 fallocate:3,1044480,8192 fallocate:3,1048576,4096
pd rw fallocate:0,0,4096 fallocate:1,0,4096 fallocate:2,0,4096 fallocate:8,0,4096 fallocate:32,0,4096 fallocate:0,1048576,4096
pd rw fallocate:16,20480,4096 pread@20480:8
pd rw fallocate:17,24576,4096 pread@24576:8
pd r fallocate:3,0,4096
memory

title 'disk: mapping and the rest'
pd rw mmap:r,shared mmap:rw,shared mmap:r,private mmap:rw,private
pd r mmap:rw,shared mmap:rw,private
pd rw poll
pd rw writev:%rep,4096,a\|b pread@4095:2
pd rw sendfile:8192
pd rw ioctl:tcgets
pd rw ioctl:blkgetsize64
pd rw ioctl:blksszget
line "stat: disk:$("$probe" -n disk "$disk" - stat | sed 's/.*stat=//')"
quietly reset 1
