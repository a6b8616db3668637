#ifndef CFUSE_SHIMS_INTERNAL_H
#define CFUSE_SHIMS_INTERNAL_H

#define FUSE_USE_VERSION 314
#include <fuse_lowlevel.h>

#include <stdatomic.h>

#include "CFuseShims.h"

enum zf_state { ZF_HANDLING, ZF_READING, ZF_RELEASING };

/* A thread that reads requests. Stays in the list when the thread has ended, as handling. */
struct zf_worker {
	struct zf_worker *next;
	pid_t tid;
	_Atomic unsigned long turns; /* reads begun */
	_Atomic int state;
};

struct zf_context {
	void *owner;
	struct zf_worker *_Atomic workers;
};

#endif
