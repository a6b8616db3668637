#include <lzo/lzo1x.h>

/* What the library says with macros. */
static inline int zf_lzo_init(void) { return lzo_init(); }
static inline size_t zf_lzo_state(void) { return LZO1X_1_MEM_COMPRESS; }
