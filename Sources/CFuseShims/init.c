#include "internal.h"

#include <linux/fuse.h>
#include <string.h>
#include <sys/uio.h>

/* FUSE_HANDLE_KILLPRIV_V2, which libfuse 3.14 does not know: the kernel leaves set-user-ID bits and file capabilities
 * to us. Neither a block device nor an attribute loses such bits by a write, so there is nothing to do; but without the
 * flag the kernel asks for the extended attribute security.capability before every single write to a disk. */

void zf_note_init(struct zf_context *context, const void *request, ssize_t size)
{
	const struct fuse_in_header *header = request;
	const struct fuse_init_in *init = (const void *)(header + 1);
	if (size < (ssize_t)(sizeof(*header) + 16) || header->opcode != FUSE_INIT)
		return;
	if (init->flags & FUSE_HANDLE_KILLPRIV_V2)
		atomic_store(&context->init, header->unique);
}

void zf_amend_init(struct zf_context *context, struct iovec *parts, int count)
{
	uint64_t init = atomic_load_explicit(&context->init, memory_order_relaxed);
	if (init == 0 || count != 2 || parts[0].iov_len != sizeof(struct fuse_out_header))
		return;
	const struct fuse_out_header *header = parts[0].iov_base;
	if (header->unique != init)
		return;
	atomic_store(&context->init, 0);
	if (header->error == 0 && parts[1].iov_len >= 16)
		((struct fuse_init_out *)parts[1].iov_base)->flags |= FUSE_HANDLE_KILLPRIV_V2;
}
