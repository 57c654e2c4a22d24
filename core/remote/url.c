/*
 * URLs as text; see url.h. Called by everything in core/remote and by the session.
 */
#include "remote/url.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <assay/memory.h>

bool url_parse(const char *text, struct url_parts *out)
{
    size_t scheme, authority;
    const char *at = text, *user;

    *out = (struct url_parts){0};
    for (const char *p = text; *p; p++)
        if ((unsigned char)*p <= ' ' || *p == 0x7f)
            return false;
    scheme = strncasecmp(text, "http://", 7) == 0    ? 4
             : strncasecmp(text, "https://", 8) == 0 ? 5
                                                     : 0;
    if (scheme == 0)
        return false;
    out->scheme = text;
    out->scheme_length = scheme;
    at += scheme + 3;
    authority = strcspn(at, "/?#\\");
    user = memrchr(at, '@', authority);
    if (user) {
        out->user = at;
        out->user_length = (size_t)(user - at);
        authority -= out->user_length + 1;
        at = user + 1;
    }
    out->host = at;
    out->host_length = authority;
    out->rest = at + authority;
    return authority > 0 && *at != ':';
}

/* The length of HOST without a port that says nothing. */
static size_t bare_host(const struct url_parts *url)
{
    const char *port = url->scheme_length == 5 ? ":443" : ":80";
    size_t length = strlen(port);

    if (url->host_length > length &&
        strncmp(url->host + url->host_length - length, port, length) == 0)
        return url->host_length - length;
    return url->host_length;
}

bool url_same_origin(const char *a, const char *b)
{
    struct url_parts x, y;
    size_t length;

    if (!url_parse(a, &x) || !url_parse(b, &y) || x.scheme_length != y.scheme_length)
        return false;
    length = bare_host(&x);
    return length == bare_host(&y) && strncasecmp(x.host, y.host, length) == 0;
}

char *url_shown(const char *url)
{
    struct url_parts parts;
    struct assay_buf out = {0};

    if (!url_parse(url, &parts))
        return assay_strdup("(not a URL)");
    assay_buf_add(&out, parts.scheme, parts.scheme_length);
    assay_buf_text_add(&out, "://");
    assay_buf_add(&out, parts.host, parts.host_length);
    assay_buf_add(&out, parts.rest, strcspn(parts.rest, "?#"));
    while (out.length && out.data[out.length - 1] == '/')
        out.data[--out.length] = '\0';
    return assay_buf_take(&out);
}

char *url_without_users(const char *text)
{
    struct assay_buf out = {0};
    const char *scheme;

    while ((scheme = strstr(text, "://")) != NULL) {
        const char *authority = scheme + 3;
        const size_t length = strcspn(authority, "/ \t\r\n'\"");
        const char *at = memrchr(authority, '@', length);

        assay_buf_add(&out, text, (size_t)(authority - text));
        text = at ? at + 1 : authority;
    }
    assay_buf_text_add(&out, text);
    return assay_buf_take(&out);
}

void url_escape(struct assay_buf *out, const char *text, bool path)
{
    static const char digits[] = "0123456789ABCDEF";

    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;

        if ((c < 0x80 && isalnum(c)) || strchr("-._~", c) || (path && c == '/')) {
            assay_buf_char(out, (char)c);
        } else {
            assay_buf_char(out, '%');
            assay_buf_char(out, digits[c >> 4]);
            assay_buf_char(out, digits[c & 15]);
        }
    }
}

void url_query(struct assay_buf *out, const char *key, const char *value)
{
    assay_buf_char(out, out->length && memchr(out->data, '?', out->length) ? '&' : '?');
    url_escape(out, key, false);
    assay_buf_char(out, '=');
    url_escape(out, value, false);
}
