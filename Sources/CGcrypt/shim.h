#include <gcrypt.h>

/*
 * Makes the library ready, unless another library of the process (libsystemd) has done it. Not for two threads at a time:
 * UserSig.Libgcrypt calls it once. gcry_control is variadic, which Swift cannot call. Our keys have locked memory of their own, so
 * the library needs none.
 */
static inline int cgcrypt_is_ready(void) {
    if (gcry_control(GCRYCTL_INITIALIZATION_FINISHED_P)) return 1;
    if (!gcry_check_version("1.8.0")) return 0;
    gcry_control(GCRYCTL_DISABLE_SECMEM, 0);
    gcry_control(GCRYCTL_INITIALIZATION_FINISHED, 0);
    return 1;
}

/* SHA-256 of two pieces, one after the other; with GCRY_MD_FLAG_HMAC the HMAC of the second under the first. 0 if it went well. */
static inline gcry_error_t cgcrypt_sha256(
    unsigned int flags, void *digest, const void *first, size_t first_length, const void *second, size_t second_length) {
    const gcry_buffer_t pieces[2] = {
        {.len = first_length, .data = (void *)first},
        {.len = second_length, .data = (void *)second},
    };
    return gcry_md_hash_buffers(GCRY_MD_SHA256, flags, digest, pieces, 2);
}
