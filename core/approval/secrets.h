/*
 * Texts that look like credentials. What is signed is kept for years and handed to auditors, so
 * a token must not get into it.
 */
#ifndef CORE_APPROVAL_SECRETS_H
#define CORE_APPROVAL_SECRETS_H

#include <stddef.h>

/* What kind of secret BYTES seem to hold ("a private key"); NULL: none seen. */
const char *secret_in(const char *bytes, size_t length);

#endif
