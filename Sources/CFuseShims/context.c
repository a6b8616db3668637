#include "internal.h"

#include <stdlib.h>

struct zf_context *zf_context_new(void *owner)
{
	struct zf_context *context = calloc(1, sizeof(*context));
	if (context)
		context->owner = owner;
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
	free(context);
}

void *zf_context_owner(const struct zf_context *context)
{
	return context->owner;
}
