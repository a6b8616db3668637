# What one descriptor of an attribute does: positions, partial and repeated reads, poll, mmap. Sourced by attributes.sh.

title 'reads: one show at position 0, then its buffer'
p debug_stat r read:4096 read:4096
p debug_stat r read:1 read:3 read:4096 read:1
p debug_stat r pread@0:9 pread@9:100 pread@5:3 pread@29:1 pread@30:10 pread@4095:1 pread@4096:1 pread@100000:1
p debug_stat r lseek:9,set read:5 lseek:0,cur
p debug_stat r read:5 lseek:0,set read:5 lseek:0,cur
p debug_stat r readv:3,100 read:1
p debug_stat r read:0 read:4096
p debug_stat r pread@-1:1
p debug_stat r readnull:10 read:10
p debug_stat r sendfile:4096 read:10
p debug_stat r lseek:0,end lseek:-1,set lseek:5000,set read:1 lseek:0,cur
p debug_stat r lseek:0,data lseek:0,hole lseek:4096,data
p mm_stat r read:8 run:: read:1
p disksize rw read:100 write:0 read:100 lseek:0,set read:100
p disksize r write:1
p reset w read:1

title 'a begun read ends from its buffer'
p initstate r,nonblock run:"printf 1M >$sys/disksize" read:10 lseek:0,set read:10
p initstate r read:1 run:"printf 1 >$sys/reset" read:10 read:10 pread@0:10
p disksize r read:0 run:"printf 1M >$sys/disksize" read:3 run:"printf 1 >$sys/reset" read:100 pread@0:100

title 'writes: one store each, position moves, offset ignored'
p mem_used_max w write:0 lseek:0,cur write:0 lseek:0,cur
p mem_used_max w pwrite@100:0 lseek:0,cur pwrite@100:1
p mem_used_max w pwrite@-1:0
p mem_used_max w lseek:4096,set write:0 lseek:0,cur
p mem_used_max w lseek:100000,set write:0
p mem_used_max w,append write:0 write:0 lseek:0,cur
p mem_used_max w 'writev:0|0|0' lseek:0,cur
p mem_used_max w 'writev:0|1|0'
p mem_used_max w 'writev:0|\n'
p mem_used_max w write: lseek:0,cur
p mem_used_max w writenull:5 writenull:0
p mem_used_max w write:%rep,4096,0 write:%rep,4097,0 write:%rep,8192,0 lseek:0,cur
p mem_used_max w write:%rep,5000,x
p mem_used_max w 'write:0\0' 'write:0\0junk' 'write:\0' 'write:0\n\0'
p compact w write:%rep,10000,x

title 'poll, mmap and the rest'
p initstate r poll read:10 poll poll lseek:0,set poll read:10 poll
p disksize rw poll
p reset w poll write:x poll
p initstate r mmap:r,shared mmap:rw,shared
p initstate r mmap:r,private
p disksize rw mmap:rw,shared
p reset w mmap:r,shared
p disksize rw fsync
p disksize rw fallocate:0,0,4096
p disksize rw fallocate:3,0,4096
p initstate r ioctl:tcgets ioctl:blkgetsize64
