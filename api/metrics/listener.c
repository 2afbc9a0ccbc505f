#include "api/metrics/listener.h"

#include "api/base/service.h"
#include "api/config/settings.h"
#include "api/metrics/page.h"
#include "api/net/listen.h"

#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { POOL_BYTES = 16 * 1024 };

struct listener {
    const struct service *service;
    struct MHD_Daemon *daemon;
};

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status,
                              struct MHD_Response *response, const char *type, const char *allow)
{
    enum MHD_Result result = MHD_NO;

    if (response == NULL)
        return MHD_NO;
    if (MHD_add_response_header(response, "Content-Type", type) == MHD_YES &&
        MHD_add_response_header(response, "Cache-Control", "no-store") == MHD_YES &&
        (allow == NULL || MHD_add_response_header(response, "Allow", allow) == MHD_YES))
        result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result refuse(struct MHD_Connection *connection, unsigned status, const char *words,
                              const char *allow)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        strlen(words), (char *)(uintptr_t)words, MHD_RESPMEM_PERSISTENT);

    return answer(connection, status, response, "text/plain; charset=utf-8", allow);
}

static enum MHD_Result send_page(const struct service *s, struct MHD_Connection *connection)
{
    char *page = malloc(PAGE_MAX);
    size_t len;
    struct MHD_Response *response;

    if (page == NULL)
        return refuse(connection, MHD_HTTP_SERVICE_UNAVAILABLE, "out of memory\n", NULL);
    len = page_write(s, page, PAGE_MAX);
    response = len > 0 ? MHD_create_response_from_buffer(len, page, MHD_RESPMEM_MUST_FREE) : NULL;
    if (response == NULL) {
        free(page);
        return refuse(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, "the page does not fit\n", NULL);
    }
    return answer(connection, MHD_HTTP_OK, response, "text/plain; version=0.0.4; charset=utf-8",
                  NULL);
}

static enum MHD_Result serve(void *ctx, struct MHD_Connection *connection, const char *url,
                             const char *method, const char *version, const char *upload,
                             size_t *upload_len, void **request)
{
    (void)version;
    (void)upload;
    (void)upload_len;
    if (*request == NULL) { /* the header is there: an answer now would close the connection */
        *request = ctx;
        if (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0)
            return MHD_YES;
    }
    if (strcmp(url, "/metrics") != 0)
        return refuse(connection, MHD_HTTP_NOT_FOUND, "see /metrics\n", NULL);
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
        return refuse(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "GET or HEAD\n", "GET, HEAD");
    return send_page(((struct listener *)ctx)->service, connection);
}

struct listener *listener_start(const struct service *s, int fd)
{
    struct listener *l = calloc(1, sizeof(*l));

    if (l != NULL) {
        l->service = s;
        l->daemon = MHD_start_daemon(
            MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, serve, l, MHD_OPTION_LISTEN_SOCKET, fd,
            MHD_OPTION_CONNECTION_LIMIT, (unsigned)LISTENER_CONNECTIONS_MAX,
            MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)LISTENER_IDLE_S,
            MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)POOL_BYTES, MHD_OPTION_END);
    }
    if (l != NULL && l->daemon != NULL)
        return l;
    close(fd);
    listen_remove(&service_config(s)->metrics);
    free(l);
    return NULL;
}

void listener_stop(struct listener *l)
{
    if (l == NULL)
        return;
    MHD_stop_daemon(l->daemon);
    listen_remove(&service_config(l->service)->metrics);
    free(l);
}

void listener_address(const struct listener *l, char *out, size_t size)
{
    const union MHD_DaemonInfo *info;
    struct netaddr_listen listen;
    socklen_t len = sizeof(listen.address);

    out[0] = '\0';
    if (l == NULL)
        return;
    listen = service_config(l->service)->metrics;
    info = MHD_get_daemon_info(l->daemon, MHD_DAEMON_INFO_LISTEN_FD);
    if (info != NULL && listen.path == NULL)
        (void)getsockname(info->listen_fd, (struct sockaddr *)(void *)&listen.address, &len);
    netaddr_text(&listen, out, size);
}
