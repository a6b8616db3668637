#ifndef CKERNELCORE_SHIMS_H
#define CKERNELCORE_SHIMS_H

#include <stddef.h>

/* Jobs of the Swift runtime that wait for one executor, first in first out. Not for two threads at once. */
struct kc_jobs;

struct kc_jobs *kc_jobs_new(void);
void kc_jobs_free(struct kc_jobs *jobs);

/* The oldest job, taken out; NULL if there is none. */
void *kc_jobs_next(struct kc_jobs *jobs);

/* How many wait. */
size_t kc_jobs_count(const struct kc_jobs *jobs);

/* Has the jobs that this thread makes ready go to `jobs` instead of the runtime's own pool, until the next call; NULL:
 * to the pool. Returns what was set before. */
struct kc_jobs *kc_jobs_enter(struct kc_jobs *jobs);

#endif
