/*
 * The script by which a bundle is checked with ssh-keygen, sha256sum and jq alone. Written into
 * every bundle by export.c.
 */
#ifndef CORE_APPROVAL_BUNDLE_SCRIPT_H
#define CORE_APPROVAL_BUNDLE_SCRIPT_H

extern const char *const bundle_script[]; /* its pieces, up to NULL */

#endif
