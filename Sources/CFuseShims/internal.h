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
	int seated; /* its own alone */
};

struct zf_context {
	void *owner;
	struct zf_worker *_Atomic workers;
	_Atomic int disks; /* open disks */
	int seats; /* workers that may read and handle at one time while disks are open; else one */
	_Atomic int seated; /* those that do */
	pthread_mutex_t lock;
	pthread_cond_t turn; /* `seated` or `disks` changed */
	_Atomic uint64_t init; /* the FUSE_INIT whose reply is to be amended */
};

/* Lets every worker look again whether it is its turn to read. */
void zf_wake_workers(struct zf_context *context);

/* See what FUSE_INIT offers, and accept more of it in the reply than libfuse does. */
struct iovec;
void zf_note_init(struct zf_context *context, const void *request, ssize_t size);
void zf_amend_init(struct zf_context *context, struct iovec *parts, int count);

#endif
