/*
 * URLs as text: their parts, what may be shown of them, escaping. Pure.
 */
#ifndef CORE_REMOTE_URL_H
#define CORE_REMOTE_URL_H

#include <stdbool.h>
#include <stddef.h>

#include <assay/buf.h>

struct url_parts {                                  /* pointers into the URL */
    const char *scheme, *user, *host, *rest;        /* user: up to the '@', NULL where none */
    size_t scheme_length, user_length, host_length; /* host: with its port */
};
/* False where TEXT is no http or https URL with a host, or has control characters in it. */
bool url_parse(const char *text, struct url_parts *out);
/* Whether both have the same scheme, host and port (80 and 443 where none is given). */
bool url_same_origin(const char *a, const char *b);

/* What may be shown and kept of URL: without user and password, query and fragment. New. */
char *url_shown(const char *url);

/* TEXT, in which addresses of any scheme may be, without what stands before an '@' in them:
   names and passwords. New. */
char *url_without_users(const char *text);

/* Appends TEXT percent-encoded, as the value of a query or, with PATH, as a path whose slashes
   stay. */
void url_escape(struct assay_buf *out, const char *text, bool path);

/* Appends "?KEY=VALUE", or "&KEY=VALUE" where OUT has a '?' already. */
void url_query(struct assay_buf *out, const char *key, const char *value);

#endif
