#ifndef CFUSE_SHIMS_H
#define CFUSE_SHIMS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The loop that serves /dev/fuse, and what Swift cannot import of libfuse (versioned macros, va_list). */

struct fuse_session;

/* One per session, its user data: who owns it, and the worker threads that read requests for it. */
struct zf_context;

/* A FUSE_READ or FUSE_WRITE. */
struct zf_transfer {
	uint64_t unique;
	uint64_t handle;
	uint64_t offset;
	uint32_t size;
	int32_t pid;
	const void *data; /* to be written; NULL: a read */
	int is_write_back; /* by the page cache, for nobody in particular */
};

/* What does not go through libfuse: each read and write would pay for its list of requests and their locks. */
struct zf_handlers {
	void (*transfer)(void *owner, const struct zf_transfer *transfer);
	/* The caller of a transfer got a signal. 0 if no transfer of that number waits: it may be libfuse's. */
	int (*interrupt)(void *owner, uint64_t unique);
};

struct zf_context *zf_context_new(void *owner, struct zf_handlers handlers);
void zf_context_free(struct zf_context *context);
void *zf_context_owner(const struct zf_context *context);

/* How many disks are open. While none is, no handler can take long, and one worker reads and handles all requests:
 * that saves the context switch between workers. While some are, as many work as there are processors, and one more:
 * of idle ones the FUSE kernel would wake another for every request. */
int zf_context_disks(const struct zf_context *context);
void zf_context_count_disks(struct zf_context *context, int change);
void zf_context_forget_disks(struct zf_context *context);

/* Prepares a session that has just been mounted to be served. 0, or a negative errno. */
int zf_prepare(struct fuse_session *session, struct zf_context *context, int debug);

/* Serves on the calling thread until the connection ends or zf_stop; several threads may. */
void zf_serve(struct fuse_session *session, struct zf_context *context);

/* The calling worker, which has handled its request, reads the next one. True if it is a transfer; who takes it in hand
 * calls zf_taken, and whatever nobody takes the worker handles when it is back in its loop. */
int zf_next(struct zf_context *context, struct zf_transfer *transfer);
void zf_taken(void);

/* Has zf_serve return in all threads. A signal may come just before a thread sleeps: repeat it until they have. */
void zf_stop(struct fuse_session *session, struct zf_context *context);

/* Answers a transfer, once: with data, with the number of bytes written, or with an errno. */
void zf_reply_data(struct zf_context *context, uint64_t unique, const void *data, size_t size);
void zf_reply_written(struct zf_context *context, uint64_t unique, uint32_t size);
void zf_reply_error(struct zf_context *context, uint64_t unique, int error);

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
