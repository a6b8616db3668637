#ifndef CFUSE_SHIMS_INTERNAL_H
#define CFUSE_SHIMS_INTERNAL_H

#define FUSE_USE_VERSION 314
#include <fuse_lowlevel.h>

#include <pthread.h>
#include <stdatomic.h>

#include "CFuseShims.h"

enum zf_state { ZF_HANDLING, ZF_READING, ZF_RELEASING };

/* A thread that reads requests. Stays in the list when the thread has ended, as handling. */
struct zf_worker {
	struct zf_worker *next;
	pid_t tid;
	_Atomic unsigned long turns; /* reads begun */
	_Atomic int state;
	_Atomic int has_ended;
	/* Its own alone: */
	int seated;
	void *memory; /* the request that it read last */
	size_t size; /* 0: it is in somebody's hands, or there is none */
};

struct zf_context {
	void *owner;
	struct zf_handlers handlers;
	int descriptor; /* of /dev/fuse */
	int debug;
	_Atomic int is_over;
	struct zf_worker *_Atomic workers;
	_Atomic int disks; /* open disks */
	int seats; /* workers that may read and handle at one time while disks are open; else one */
	_Atomic int seated; /* those that do */
	pthread_mutex_t lock;
	pthread_cond_t turn; /* `seated` or `disks` changed */
	_Atomic uint64_t init; /* the FUSE_INIT whose reply is to be amended */
};

/* The calling thread's; NULL if it is no worker. */
struct zf_worker *zf_me(void);

/* The calling thread is a worker from here to zf_part. */
struct zf_worker *zf_join(struct zf_context *context);
void zf_part(struct zf_worker *worker);

/* Returns when the calling worker may read; 0 if that will never be. */
int zf_await_turn(struct zf_context *context);

/* Has every worker return from zf_await_turn and from its sleep, for good. */
void zf_end_workers(struct zf_context *context);

/* Lets every worker look again whether it is its turn to read. */
void zf_wake_workers(struct zf_context *context);

/* See what FUSE_INIT offers, and accept more of it in the reply than libfuse does. */
struct iovec;
void zf_note_init(struct zf_context *context, const void *request, ssize_t size);
void zf_amend_init(struct zf_context *context, struct iovec *parts, int count);

#endif
