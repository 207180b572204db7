#ifndef IMATTRD_PREFETCH_H
#define IMATTRD_PREFETCH_H

#include <stddef.h>

/* Swift has no word for it: begin to bring so many bytes of memory into the processor's cache, and wait for nothing. */
static inline void imattrd_prefetch(const void *address, size_t size) {
    for (size_t offset = 0; offset < size; offset += 64) __builtin_prefetch((const char *)address + offset);
}

#endif
