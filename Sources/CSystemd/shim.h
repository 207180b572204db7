#include <malloc.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

/*
 * memfd_create(2), which the headers declare only with _GNU_SOURCE. Defining that here would make this module's view of
 * the C library another one than Swift's.
 */
static inline int csystemd_memory_file(const char *name) {
    const unsigned int close_on_exec = 1U; /* MFD_CLOEXEC */
    return (int)syscall(SYS_memfd_create, name, close_on_exec);
}

/* prctl(2) is variadic, which Swift cannot call. */
static inline int csystemd_forbid_dumps(void) {
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

/* The name of the calling thread; pthread_setname_np(3) is declared only with _GNU_SOURCE. */
static inline void csystemd_name_thread(const char *name) {
    prctl(PR_SET_NAME, name, 0, 0, 0);
}

/* Blocks of this size or more are returned to the system when they are freed. Swift's Glibc module has no mallopt(3). */
static inline void csystemd_return_large_blocks(int size) {
    mallopt(M_MMAP_THRESHOLD, size);
    mallopt(M_TRIM_THRESHOLD, size);
}

/* Returns to the system the pages of which the allocator uses no byte. */
static inline void csystemd_return_free_pages(void) { malloc_trim(0); }
