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
	int leads; /* its own alone */
};

struct zf_context {
	void *owner;
	struct zf_worker *_Atomic workers;
	_Atomic int disks; /* open disks: while there are any, every worker reads */
	_Atomic int led; /* a worker reads for all */
	pthread_mutex_t lock;
	pthread_cond_t turn; /* `led` or `disks` changed */
};

/* Lets every worker look again whether it is its turn to read. */
void zf_wake_workers(struct zf_context *context);

#endif
