#ifndef CRUN_SHIMS_H
#define CRUN_SHIMS_H

#include <stdint.h>
#include <sys/types.h>

/* What `zramfs run` needs of Linux and Swift cannot import (_GNU_SOURCE, macros) or must not do (fork). Unless told
 * otherwise, functions return 0, or -1 with errno. */

/* A mount namespace of one's own, from which nothing spreads, and which follows the host's unmounts; with a user namespace in which the caller is root if
 * asked. One thread only. */
int zr_enter_namespace(int with_user);

/* A copy of the caller's mount namespace, for the caller alone. */
int zr_copy_namespace(void);
/* The caller goes over to a mount namespace, by a descriptor of it. One thread only. */
int zr_join_namespace(int descriptor);

/* posix_spawnp in a session of its own, with nothing of the caller's but a descriptor, which becomes 3, and its standard
 * error if asked. The pid, or -1 with errno. */
pid_t zr_serve(const char *program, char *const argv[], int channel, int keeps_error);

/* A pair of connected stream sockets, or a pipe, closed by exec. */
int zr_channel(int ends[2]);
int zr_pipe(int ends[2]);

/* Shows a file or directory at another place as well; recursive takes along what is mounted below it. */
int zr_bind(const char *from, const char *at, int recursive);
int zr_mount_tmpfs(const char *at);
/* Changes the flags (MS_RDONLY and the like) of a mount and its file system. */
int zr_remount(const char *at, unsigned long flags);
/* The FUSE connections of the host, each with a file that aborts it. */
int zr_mount_connections(const char *at);
/* Read-only: what is in `over`, and below it what is in `under`. */
int zr_mount_overlay(const char *over, const char *under, const char *at);

/* fork and execve, PATH searched. The child's signals are as a shell's child's; it is killed when the calling thread
 * dies. output: its stdout and stderr, or -1; group: a process group of its own. The pid, or -1. */
pid_t zr_spawn(char *const argv[], int output, int group);

/* Blocks what zr_next_signal waits for. */
void zr_block_signals(void);
/* The next signal; 0 after so many milliseconds. is_from_terminal: the kernel sent it to the whole process group. */
int zr_next_signal(int milliseconds, int *is_from_terminal);
/* Ends the caller by the signal that ended its child, without a second core. */
void zr_die_of(int signal);

/* An unused loop device's number; -1 with errno. */
int zr_loop_free(void);
/* Attaches a file to a loop device that is detached with its last close; block size in bytes. */
int zr_loop_attach(int loop, int file, unsigned block_size);
/* Writes out what is cached, and detaches it if nobody else has it open; else -1 with EBUSY: it stays until they close. */
int zr_loop_detach(int loop);
/* Takes a device away that is not attached. */
int zr_loop_remove(int number);
/* Takes over the file's new size. */
int zr_loop_resize(int loop);
/* The device number of an open block device. */
void zr_device_number(int device, unsigned *major, unsigned *minor);
/* A device number's parts. */
void zr_split_device(uint64_t device, unsigned *major, unsigned *minor);
/* Has the host no longer swap to a device. */
int zr_swapoff(const char *path);

#endif
