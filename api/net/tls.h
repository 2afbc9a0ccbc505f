/*
 * The certificate that the service shows, and its exchange while it serves: a handshake that has
 * begun keeps the pair that it was given, the next one gets the new pair. Pairs that were replaced
 * are kept until the end, since libmicrohttpd does not say when a handshake has let go of one.
 */
#ifndef HANDOFF_API_NET_TLS_H
#define HANDOFF_API_NET_TLS_H

#include "api/base/log.h"

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <stddef.h>
#include <stdint.h>

/* TLS 1.2 and 1.3. */
#define TLS_PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:%SERVER_PRECEDENCE"

struct tls;

/* When the certificate that is shown now expires, Unix seconds; 0: not known. Any thread. */
int64_t tls_expires_at(struct tls *t) __attribute__((nonnull));

/* Returns NULL when memory is short. */
struct tls *tls_new(void) __attribute__((warn_unused_result));
void tls_free(struct tls *t);

/* Reads a pair from PEM files, and shows it from now on. A certificate that has expired or soon
   will is noted in the log. Returns 0, or -1 with a sentence in why: then nothing changes. One
   thread at a time. */
int tls_load(struct tls *t, const char *cert_path, const char *key_path, const struct log *log,
             char *why, size_t why_size) __attribute__((nonnull, warn_unused_result));

/* The pair to show now, for GnuTLS's callback; what it points to is the tls's. Any thread. */
int tls_pair(struct tls *t, gnutls_pcert_st **certs, unsigned *count, gnutls_privkey_t *key)
    __attribute__((nonnull));

#endif
