#ifndef CFUSE_SHIMS_H
#define CFUSE_SHIMS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* What Swift cannot import of libfuse (versioned macros, va_list), and what must be C because libfuse cancels its
 * workers while they read: an unwinding thread must not pass through Swift frames. */

struct fuse_session;

/* One per session, its user data: who owns it, and the worker threads that read requests for it. */
struct zf_context;

struct zf_context *zf_context_new(void *owner);
void zf_context_free(struct zf_context *context);
void *zf_context_owner(const struct zf_context *context);

/* How many disks are open. While none is, no handler can take long, and one worker reads and handles all requests:
 * that saves the context switch between workers. While some are, as many work as there are processors, and one more:
 * of idle ones the FUSE kernel would wake another for every request. */
int zf_context_disks(const struct zf_context *context);
void zf_context_count_disks(struct zf_context *context, int change);
void zf_context_forget_disks(struct zf_context *context);

/* fuse_session_loop_mt: serves until the connection ends; never fewer threads than max_threads once they exist. */
int zf_session_loop(struct fuse_session *session, unsigned max_threads, int clone_fd);

/* Has the workers' reads pass through here, so that zf_settle knows what they have in hand. Call it after
 * fuse_session_mount. */
int zf_session_watch_reads(struct fuse_session *session);

/* Waits until every RELEASE that some worker has read from /dev/fuse has been handled. Requests are read in the order
 * in which the kernel sent them; so a RELEASE that was sent before the caller's own request is either handled or in
 * the hands of a worker. */
void zf_settle(struct zf_context *context);

/* A buffer of the calling thread, at least that large; it stays until the thread ends. NULL if there is no memory. */
void *zf_thread_buffer(size_t size);

/* The calling worker, in a handler, will wait for the host's disk: another one takes its place meanwhile. */
void zf_will_block(struct zf_context *context);

/* libfuse's messages: while a buffer is set the calling thread's go there, else to stderr. */
void zf_log_install(void);
void zf_log_capture(char *buffer, size_t size);

/* Has zf_interrupt_signal end sleeps of threads, without any other effect. */
int zf_interrupt_install(void);
int zf_interrupt_signal(void);

/* What the C library declares under _GNU_SOURCE only. */
int zf_is_direct(int open_flags);

/* SEEK_DATA, which Swift's Glibc hides. */
int zf_seek_data(void);
int zf_eventfd(void);

/* makedev, a macro. */
dev_t zf_device(unsigned major, unsigned minor);
void zf_name_thread(const char *name);

#endif
