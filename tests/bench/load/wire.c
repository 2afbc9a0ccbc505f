#include "tests/bench/load/wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

static int shake_hands(struct wire *w, gnutls_certificate_credentials_t credentials)
{
    static const char host[] = "localhost";
    int rc;

    if (gnutls_init(&w->tls, GNUTLS_CLIENT) < 0) {
        w->tls = NULL;
        return -1;
    }
    if (gnutls_set_default_priority(w->tls) < 0 ||
        gnutls_credentials_set(w->tls, GNUTLS_CRD_CERTIFICATE, credentials) < 0 ||
        gnutls_server_name_set(w->tls, GNUTLS_NAME_DNS, host, strlen(host)) < 0)
        return -1;
    gnutls_session_set_verify_cert(w->tls, host, 0);
    gnutls_transport_set_int(w->tls, w->fd);
    do
        rc = gnutls_handshake(w->tls);
    while (rc < 0 && gnutls_error_is_fatal(rc) == 0);
    return rc < 0 ? -1 : 0;
}

int wire_open(struct wire *w, uint16_t port, gnutls_certificate_credentials_t credentials,
              size_t body_max)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    const int one = 1;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    *w = (struct wire){.fd = -1, .size = WIRE_HEADER_MAX + body_max};
    w->in = malloc(w->size);
    w->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (w->in == NULL || w->fd < 0 ||
        connect(w->fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        setsockopt(w->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) != 0 ||
        (credentials != NULL && shake_hands(w, credentials) != 0) ||
        fcntl(w->fd, F_SETFL, O_NONBLOCK) != 0)
        return -1;
    return 0;
}

void wire_close(struct wire *w)
{
    if (w->tls != NULL)
        gnutls_deinit(w->tls);
    if (w->fd >= 0)
        close(w->fd);
    free(w->in);
    *w = (struct wire){.fd = -1};
}

ptrdiff_t wire_send(struct wire *w, const char *data, size_t len)
{
    ptrdiff_t done;

    if (w->tls == NULL) {
        done = send(w->fd, data, len, MSG_NOSIGNAL);
        return done >= 0 ? done : errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
    }
    done = gnutls_record_send(w->tls, data, len);
    return done >= 0 ? done : done == GNUTLS_E_AGAIN || done == GNUTLS_E_INTERRUPTED ? 0 : -1;
}

/* The value of Content-Length in a header of len bytes, or -1. */
static long content_length(const char *header, size_t len)
{
    static const char name[] = "content-length:";
    const char *const end = header + len;

    for (const char *line = header; line < end;) {
        const char *const next = memchr(line, '\n', (size_t)(end - line));
        if ((size_t)(end - line) > sizeof(name) - 1 &&
            strncasecmp(line, name, sizeof(name) - 1) == 0) {
            long value = 0;
            const char *digit = line + sizeof(name) - 1;
            while (digit < end && *digit == ' ')
                digit++;
            for (; digit < end && *digit >= '0' && *digit <= '9' && value < 1 << 24; digit++)
                value = value * 10 + (*digit - '0');
            return value;
        }
        if (next == NULL)
            break;
        line = next + 1;
    }
    return -1;
}

static enum wire_result read_answer(struct wire *w, struct judge_answer *out)
{
    const char *const end = memmem(w->in, w->received, "\r\n\r\n", 4);
    size_t header, whole;
    long body;

    if (end == NULL)
        return w->received < WIRE_HEADER_MAX ? WIRE_SOME : WIRE_GARBLED;
    header = (size_t)(end - w->in) + 4;
    if (header < 16 || memcmp(w->in, "HTTP/1.1 ", 9) != 0)
        return WIRE_GARBLED;
    body = content_length(w->in, header);
    if (body < 0 || header + (size_t)body > w->size)
        return WIRE_GARBLED;
    whole = header + (size_t)body;
    if (w->received != whole)
        return w->received < whole ? WIRE_SOME : WIRE_GARBLED;
    out->status = (w->in[9] - '0') * 100 + (w->in[10] - '0') * 10 + (w->in[11] - '0');
    out->body = w->in + header;
    out->body_len = (size_t)body;
    w->received = 0;
    return WIRE_ANSWER;
}

enum wire_result wire_receive(struct wire *w, struct judge_answer *out)
{
    ptrdiff_t got;

    if (w->tls != NULL) {
        got = gnutls_record_recv(w->tls, w->in + w->received, w->size - w->received);
        if (got == GNUTLS_E_AGAIN || got == GNUTLS_E_INTERRUPTED)
            return WIRE_NOTHING;
    } else {
        got = recv(w->fd, w->in + w->received, w->size - w->received, 0);
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return WIRE_NOTHING;
    }
    if (got <= 0)
        return got == 0 ? WIRE_ENDED : WIRE_FAILED;
    w->received += (size_t)got;
    return read_answer(w, out);
}
