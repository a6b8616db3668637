#include "CKernelCoreShims.h"

#include <pthread.h>
#include <stdlib.h>

/* The runtime's hook for jobs that no executor of their own asks for (swift/Runtime/Concurrency.h). */
typedef __attribute__((swiftcall)) void (*enqueue)(void *job);
extern __attribute__((swiftcall)) void (*swift_task_enqueueGlobal_hook)(void *job, enqueue pool);

struct kc_jobs {
	void **list;
	size_t next, count, room;
};

static _Thread_local struct kc_jobs *here;

static __attribute__((swiftcall)) void enqueue_here(void *job, enqueue pool)
{
	struct kc_jobs *jobs = here;
	if (!jobs) {
		pool(job);
		return;
	}
	if (jobs->count == jobs->room) {
		jobs->room = jobs->room ? 2 * jobs->room : 16;
		jobs->list = realloc(jobs->list, jobs->room * sizeof(*jobs->list));
		if (!jobs->list)
			abort();
	}
	jobs->list[jobs->count++] = job;
}

static void install(void)
{
	swift_task_enqueueGlobal_hook = enqueue_here;
}

struct kc_jobs *kc_jobs_new(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	if (pthread_once(&once, install))
		abort();
	struct kc_jobs *jobs = calloc(1, sizeof(*jobs));
	if (!jobs)
		abort();
	return jobs;
}

void kc_jobs_free(struct kc_jobs *jobs)
{
	free(jobs->list);
	free(jobs);
}

void *kc_jobs_next(struct kc_jobs *jobs)
{
	if (jobs->next == jobs->count)
		return NULL;
	void *job = jobs->list[jobs->next++];
	if (jobs->next == jobs->count)
		jobs->next = jobs->count = 0;
	return job;
}

size_t kc_jobs_count(const struct kc_jobs *jobs)
{
	return jobs->count - jobs->next;
}

struct kc_jobs *kc_jobs_enter(struct kc_jobs *jobs)
{
	struct kc_jobs *before = here;
	here = jobs;
	return before;
}
