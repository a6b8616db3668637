#define _GNU_SOURCE
#include "internal.h"

#include <errno.h>
#include <linux/fuse.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* As libfuse's: the largest write that any kernel sends, and its headers. */
enum { buffer_size = (256 + 1) * 4096 };

static ssize_t plain_read(int fd, void *buffer, size_t size, void *context)
{
	(void)context;
	return read(fd, buffer, size);
}

static ssize_t amending_writev(int fd, struct iovec *parts, int count, void *context)
{
	zf_amend_init(context, parts, count);
	return writev(fd, parts, count);
}

int zf_prepare(struct fuse_session *session, struct zf_context *context, int debug)
{
	static const struct fuse_custom_io io = { .writev = amending_writev, .read = plain_read };
	context->descriptor = fuse_session_fd(session);
	context->debug = debug;
	return fuse_session_custom_io(session, &io, context->descriptor);
}

/* True if the request is a transfer. It is complete: the kernel checks less of ours. */
static int is_transfer(const void *request, struct zf_transfer *transfer)
{
	const struct fuse_in_header *header = request;
	const struct fuse_read_in *read = (const void *)(header + 1);
	const struct fuse_write_in *write = (const void *)(header + 1);
	*transfer = (struct zf_transfer){ .unique = header->unique, .pid = (int32_t)header->pid };
	switch (header->opcode) {
	case FUSE_READ:
		transfer->handle = read->fh;
		transfer->offset = read->offset;
		transfer->size = read->size;
		return 1;
	case FUSE_WRITE:
		transfer->handle = write->fh;
		transfer->offset = write->offset;
		transfer->size = write->size;
		transfer->data = write + 1;
		transfer->is_write_back = !!(write->write_flags & FUSE_WRITE_CACHE);
		return 1;
	default:
		return 0;
	}
}

/* As libfuse shows the others. */
static void show(const struct zf_transfer *transfer)
{
	fprintf(stderr, "unique: %llu, opcode: %s, size: %u, offset: %llu, pid: %d\n",
		(unsigned long long)transfer->unique, transfer->data ? "WRITE" : "READ", transfer->size,
		(unsigned long long)transfer->offset, transfer->pid);
}

static int is_interrupt(struct zf_context *context, const struct fuse_in_header *header)
{
	const struct fuse_interrupt_in *interrupt = (const void *)(header + 1);
	return header->opcode == FUSE_INTERRUPT && context->handlers.interrupt(context->owner, interrupt->unique);
}

static void handle(struct fuse_session *session, struct zf_context *context, struct zf_worker *worker)
{
	struct fuse_buf buffer = { .mem = worker->memory, .size = worker->size };
	struct zf_transfer transfer;
	worker->size = 0;
	if (is_transfer(buffer.mem, &transfer)) {
		if (context->debug)
			show(&transfer);
		context->handlers.transfer(context->owner, &transfer);
	} else if (!is_interrupt(context, buffer.mem)) {
		zf_note_init(context, buffer.mem, (ssize_t)buffer.size);
		fuse_session_process_buf(session, &buffer);
	}
}

/* System calls that are no cancellation points: nobody cancels a worker, and to be one costs two atomic changes. But the
 * thread sanitizer has to see them, for what one request hands to the next goes through the kernel. */
#if __has_feature(thread_sanitizer)
#define read_request read
#define write_reply writev
#else
static ssize_t read_request(int fd, void *data, size_t size)
{
	return syscall(SYS_read, fd, data, size);
}

static ssize_t write_reply(int fd, const struct iovec *parts, int count)
{
	return syscall(SYS_writev, fd, parts, count);
}
#endif

/* 1: a request was read; 0: none yet; -1: the connection has ended. */
static int receive(struct zf_context *context, struct zf_worker *worker)
{
	atomic_fetch_add_explicit(&worker->turns, 1, memory_order_relaxed);
	atomic_store(&worker->state, ZF_READING);
	if (!zf_await_turn(context))
		return -1;
	ssize_t count = read_request(context->descriptor, worker->memory, buffer_size);
	const struct fuse_in_header *header = worker->memory;
	int is_whole = count >= (ssize_t)sizeof(*header);
	int releases = is_whole && header->opcode == FUSE_RELEASE;
	atomic_store_explicit(&worker->state, releases ? ZF_RELEASING : ZF_HANDLING, memory_order_release);
	if (is_whole) {
		worker->size = (size_t)count;
		return 1;
	}
	/* ENOENT: whoever asked is gone. */
	return count < 0 && (errno == EINTR || errno == EAGAIN || errno == ENOENT) ? 0 : -1;
}

void zf_serve(struct fuse_session *session, struct zf_context *context)
{
	struct zf_worker *worker = zf_join(context);
	if (posix_memalign(&worker->memory, 4096, buffer_size))
		abort();
	while (!fuse_session_exited(session)) {
		int result = worker->size > 0 ? 1 : receive(context, worker);
		if (result > 0)
			handle(session, context, worker);
		else if (result < 0)
			zf_stop(session, context);
	}
	free(worker->memory);
	zf_part(worker);
}

int zf_next(struct zf_context *context, struct zf_transfer *transfer)
{
	struct zf_worker *worker = zf_me();
	return !context->debug && receive(context, worker) > 0 && is_transfer(worker->memory, transfer);
}

void zf_taken(void)
{
	zf_me()->size = 0;
}

void zf_stop(struct fuse_session *session, struct zf_context *context)
{
	fuse_session_exit(session);
	zf_end_workers(context);
}

static void reply(struct zf_context *context, uint64_t unique, int error, const void *data, size_t size)
{
	struct fuse_out_header header = { sizeof(header) + (uint32_t)size, -error, unique };
	struct iovec parts[] = { { &header, sizeof(header) }, { (void *)data, size } };
	/* It fails if whoever asked is gone, or the whole connection. */
	ssize_t count = write_reply(context->descriptor, parts, size ? 2 : 1);
	if (context->debug)
		fprintf(stderr, "unique: %llu, error: %d, outsize: %u, result: %zd\n", (unsigned long long)unique,
			-error, header.len, count);
}

void zf_reply_data(struct zf_context *context, uint64_t unique, const void *data, size_t size)
{
	reply(context, unique, 0, data, size);
}

void zf_reply_written(struct zf_context *context, uint64_t unique, uint32_t size)
{
	struct fuse_write_out out = { .size = size };
	reply(context, unique, 0, &out, sizeof(out));
}

void zf_reply_error(struct zf_context *context, uint64_t unique, int error)
{
	reply(context, unique, error, NULL, 0);
}
