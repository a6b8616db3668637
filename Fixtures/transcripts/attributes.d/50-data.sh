# What data does to mm_stat: sizes that every correct implementation must report alike. Sourced by attributes.sh.

title 'disk of 8 MiB: same-filled, huge and compressible pages'
quietly disksize 8M
memory
pd rw write:%rep,4096,\\0 fsync
memory
pd rw pwrite@4096:%rep,8192,A fsync
line 'a repeated 8-byte word is same-filled'
pd rw pwrite@12288:%rep,4096,12345678 fsync
memory
line 'a repeated 4-byte word too'
pd rw pwrite@16384:%rep,4096,1234 fsync
memory
line 'a repeated 16-byte word is not'
pd rw pwrite@20480:%rep,4096,0123456789abcdef fsync
memory
line 'nor one with its last byte changed'
pd rw pwrite@24576:%rep,4096,A pwrite@28671:B fsync
memory
line 'random pages are huge'
pd rw pwrite@28672:%rand,16384,7 fsync
memory
line 'overwritten with the same, nothing changes but huge_pages_since'
pd rw pwrite@28672:%rand,16384,8 fsync
memory
line 'huge to same-filled'
pd rw pwrite@28672:%rep,4096,\\0 fsync
memory
line 'same-filled to huge'
pd rw pwrite@0:%rand,4096,9 fsync
memory
line 'the last page'
pd rw pwrite@8384512:%rand,4096,10 fsync
memory
pd r pread@0:4096 pread@4096:4096 pread@12288:4096 pread@16384:16 pread@20480:4096 pread@24576:4096 pread@28672:16384 pread@8384512:4096
line 'never written pages read as zeros and are not counted'
pd r pread@1048576:4096
memory
show debug_stat initstate
quietly mem_used_max 0
memory
stores compact 1
memory
stores idle all
memory

title 'pages given back'
pd rw fallocate:3,28672,4096 pread@28672:8
memory
pd rw fallocate:3,32768,8192 pread@32768:8
memory
pd rw fallocate:3,1048576,65536
memory
show io_stat

title 'reset drops the data'
quietly reset 1
state
show io_stat
quietly disksize 8M
pd r pread@0:4096 pread@20480:4096
memory
quietly reset 1

title 'disksize again, smaller'
quietly disksize 64K
pd r lseek:0,end pread@61440:8192 pread@65536:1
quietly reset 1

title 'mem_limit reached'
quietly disksize 8M
quietly mem_limit 64K
pd rw write:%rand,1048576,3 fsync
line "orig at most the limit: $(awk '{ print ($1 <= 65536 + 4096 ? "yes" : "no"), "limit", $4 }' "$sys/mm_stat")"
line "io_stat failed_writes: $(awk '{ print ($2 > 0 ? ">0" : 0) }' "$sys/io_stat")"
pd rw,direct pwrite@1048576:%rand,65536,4
line 'same-filled pages need no memory'
pd rw,direct pwrite@4194304:%rep,65536,\\0
quietly mem_limit 0
pd rw,direct pwrite@1048576:%rand,65536,4
pd r,direct pread@1048576:65536
quietly reset 1
memory
