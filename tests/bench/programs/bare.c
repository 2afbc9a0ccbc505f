/*
 * What the library alone can do: a responder with the flags and the thread pool of handoffd that
 * reads each body, keeps nothing, and answers at once with as many bytes and the same headers. The
 * target /b/N/… asks for N bytes of 'x'.
 */
#include "api/http/guard.h"
#include "api/net/tls.h"
#include "api/server.h"
#include "vault/protocol/encoding/encoding.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    BARE_HEADERS_MAX = 32,
    BARE_BODY_MAX = 2 * 1024 * 1024,
    BARE_THREADS_MAX = 64,
    BARE_PEM_MAX = 64 * 1024
};

struct header {
    char *name;
    const char *value;
};

struct bare {
    struct header headers[BARE_HEADERS_MAX];
    size_t header_count;
    uint64_t wrong_every; /* 0: never */
    uint64_t threads;
    uint64_t connections; /* at most, in all */
    atomic_uint_least64_t answered;
    char *filler;
    char *cert, *key; /* PEM; NULL: no TLS */
};

static const char usage[] =
    "usage: bare [--threads N] [--connections N] [--header 'Name: value']…\n"
    "            [--tls-cert FILE --tls-key FILE] [--wrong-every N]\n"
    "Serves on a free port of 127.0.0.1 until SIGTERM. Each thread takes its share of N "
    "connections\n"
    "and no more: where just as many come, they are evenly spread. --wrong-every makes each Nth\n"
    "answer differ in its last byte, to show that a load generator notices.\n";

/* In the place of the C library's. libmicrohttpd 0.9.75 asks for 128 events, and when it got just
   as many asks again, with its full timeout, before it serves them: clients that all wait for
   their answers then wait in vain. It never gets as many as it asked for here. */
int epoll_wait(int epfd, struct epoll_event *events, int maxevents, int timeout)
{
    return (int)syscall(SYS_epoll_pwait, epfd, events, maxevents - 1, timeout, NULL, 0);
}

static enum MHD_Result answer(struct bare *b, struct MHD_Connection *connection, const char *url)
{
    const char *const digits = strncmp(url, "/b/", 3) == 0 ? url + 3 : "";
    const uint64_t number = atomic_fetch_add(&b->answered, 1) + 1;
    struct MHD_Response *response;
    uint64_t size;
    enum MHD_Result rc;

    if (encoding_u64(&size, digits, strcspn(digits, "/"), BARE_BODY_MAX) != 0)
        return MHD_NO;
    /* The filler is x up to its last byte, which is y: a wrong answer ends with that. */
    if (b->wrong_every > 0 && number % b->wrong_every == 0 && size > 0)
        response = MHD_create_response_from_buffer(
            (size_t)size, b->filler + BARE_BODY_MAX - size + 1, MHD_RESPMEM_PERSISTENT);
    else
        response = MHD_create_response_from_buffer((size_t)size, b->filler, MHD_RESPMEM_PERSISTENT);
    if (response == NULL)
        return MHD_NO;
    rc = MHD_YES;
    for (size_t i = 0; i < b->header_count && rc == MHD_YES; i++)
        rc = MHD_add_response_header(response, b->headers[i].name, b->headers[i].value);
    if (rc == MHD_YES)
        rc = MHD_queue_response(connection, MHD_HTTP_OK, response);
    MHD_destroy_response(response);
    return rc;
}

static enum MHD_Result handle(void *cls, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_size, void **request)
{
    static char seen;

    (void)method;
    (void)version;
    (void)upload;
    if (*request == NULL) {
        *request = &seen;
        return MHD_YES;
    }
    if (*upload_size > 0) {
        *upload_size = 0;
        return MHD_YES;
    }
    return answer(cls, connection, url);
}

static int add_header(struct bare *b, char *text)
{
    char *const colon = strstr(text, ": ");

    if (colon == NULL || b->header_count == BARE_HEADERS_MAX)
        return -1;
    *colon = '\0';
    b->headers[b->header_count++] = (struct header){text, colon + 2};
    return 0;
}

/* A file's text, or NULL. */
static char *read_file(const char *path)
{
    char *text = calloc(1, BARE_PEM_MAX);
    FILE *file = fopen(path, "r");
    size_t len = 0;

    if (file != NULL) {
        len = text != NULL ? fread(text, 1, BARE_PEM_MAX - 1, file) : 0;
        fclose(file);
    }
    if (len > 0)
        return text;
    fprintf(stderr, "bare: %s cannot be read\n", path);
    free(text);
    return NULL;
}

static int parse_options(struct bare *b, int argc, char **argv)
{
    static const struct option table[] = {
        {"threads", required_argument, NULL, 't'},
        {"header", required_argument, NULL, 'h'},
        {"connections", required_argument, NULL, 'n'},
        {"wrong-every", required_argument, NULL, 'w'},
        {"tls-cert", required_argument, NULL, 'c'},
        {"tls-key", required_argument, NULL, 'k'},
        {NULL, 0, NULL, 0},
    };
    int option;
    int rc = 0;

    while (rc == 0 && (option = getopt_long(argc, argv, "", table, NULL)) != -1) {
        if (option == 't')
            rc = encoding_u64(&b->threads, optarg, strlen(optarg), BARE_THREADS_MAX);
        else if (option == 'n')
            rc = encoding_u64(&b->connections, optarg, strlen(optarg), SERVER_CONNECTIONS_MAX);
        else if (option == 'w')
            rc = encoding_u64(&b->wrong_every, optarg, strlen(optarg), UINT32_MAX);
        else if (option == 'h')
            rc = add_header(b, optarg);
        else if (option == 'c')
            rc = (b->cert = read_file(optarg)) != NULL ? 0 : -1;
        else if (option == 'k')
            rc = (b->key = read_file(optarg)) != NULL ? 0 : -1;
        else
            rc = -1;
    }
    return rc == 0 && optind == argc && b->threads > 0 && b->connections > 0 &&
                   (b->cert != NULL) == (b->key != NULL)
               ? 0
               : -1;
}

static struct MHD_Daemon *start(struct bare *b)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = 0};
    struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)TLS_PRIORITIES},
        {MHD_OPTION_HTTPS_MEM_CERT, 0, b->cert},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, b->key},
        {MHD_OPTION_END, 0, NULL},
    };

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME |
                                (b->cert != NULL ? MHD_USE_TLS : 0U),
                            0, NULL, NULL, handle, b, MHD_OPTION_SOCK_ADDR,
                            (struct sockaddr *)&address, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                            (size_t)GUARD_POOL_BYTES, MHD_OPTION_CONNECTION_LIMIT,
                            (unsigned)((b->connections + b->threads - 1) / b->threads * b->threads),
                            MHD_OPTION_THREAD_POOL_SIZE, (unsigned)b->threads, MHD_OPTION_ARRAY,
                            b->cert != NULL ? tls : &tls[3], MHD_OPTION_END);
}

int main(int argc, char **argv)
{
    static struct bare b;
    struct MHD_Daemon *daemon;
    const union MHD_DaemonInfo *info;
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    sigset_t ends;
    int got;

    b.connections = SERVER_CONNECTIONS_MAX;
    b.threads = cores > 0 && cores < BARE_THREADS_MAX ? (uint64_t)cores : 1;
    if (parse_options(&b, argc, argv) != 0) {
        fputs(usage, stderr);
        return 2;
    }
    b.filler = malloc(BARE_BODY_MAX + 1);
    if (b.filler == NULL)
        return EXIT_FAILURE;
    memset(b.filler, 'x', BARE_BODY_MAX);
    b.filler[BARE_BODY_MAX] = 'y';
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);
    daemon = start(&b);
    info = daemon != NULL ? MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT) : NULL;
    if (info == NULL) {
        fputs("bare: cannot listen\n", stderr);
        free(b.filler);
        return EXIT_FAILURE;
    }
    printf("bare: listening on %s://127.0.0.1:%u\n", b.cert != NULL ? "https" : "http", info->port);
    fflush(stdout);
    sigwait(&ends, &got);
    MHD_stop_daemon(daemon);
    free(b.filler);
    free(b.cert);
    free(b.key);
    return EXIT_SUCCESS;
}
