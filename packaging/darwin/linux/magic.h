/* What sys/vfs.h says of a pipe. */
#define PIPEFS_MAGIC 0x50495045
