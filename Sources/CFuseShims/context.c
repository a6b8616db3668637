#include "internal.h"

#include <stdlib.h>
#include <unistd.h>

struct zf_context *zf_context_new(void *owner, struct zf_handlers handlers)
{
	struct zf_context *context = calloc(1, sizeof(*context));
	if (!context)
		return NULL;
	context->owner = owner;
	context->handlers = handlers;
	/* One more than can run: while one waits for a page of the host, the others go on. */
	context->seats = (int)sysconf(_SC_NPROCESSORS_ONLN) + 1;
	if (pthread_mutex_init(&context->lock, NULL) || pthread_cond_init(&context->turn, NULL))
		abort();
	return context;
}

void zf_context_free(struct zf_context *context)
{
	struct zf_worker *worker = atomic_load(&context->workers);
	while (worker) {
		struct zf_worker *next = worker->next;
		free(worker);
		worker = next;
	}
	pthread_cond_destroy(&context->turn);
	pthread_mutex_destroy(&context->lock);
	free(context);
}

void *zf_context_owner(const struct zf_context *context)
{
	return context->owner;
}

int zf_context_disks(const struct zf_context *context)
{
	return atomic_load_explicit(&context->disks, memory_order_relaxed);
}

void zf_context_count_disks(struct zf_context *context, int change)
{
	if (atomic_fetch_add(&context->disks, change) == 0)
		zf_wake_workers(context);
}

void zf_context_forget_disks(struct zf_context *context)
{
	atomic_store(&context->disks, 0);
}
