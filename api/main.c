#include "api/base/log.h"
#include "api/commands/command.h"
#include "api/config/config.h"
#include "api/net/listen.h"
#include "api/sandbox/drop_privileges.h"
#include "api/sandbox/sandbox.h"
#include "api/server.h"
#include "vault/protocol/encoding/secret.h"
#include "vault/vault.h"

#include <jansson.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, WHY_MAX = 1024 };

static void report(void *ctx, int level, const char *what, int64_t number)
{
    log_note(ctx,
             level == VAULT_REPORT_ERROR     ? LOG_LEVEL_ERROR
             : level == VAULT_REPORT_WARNING ? LOG_LEVEL_WARNING
                                             : LOG_LEVEL_INFO,
             what, number);
}

/* The signals that end the service, or have it read its configuration again, are waited for by main
   alone: blocked before any thread starts. */
static void block_signals(sigset_t *waited)
{
    sigemptyset(waited);
    sigaddset(waited, SIGTERM);
    sigaddset(waited, SIGINT);
    sigaddset(waited, SIGHUP);
    (void)pthread_sigmask(SIG_BLOCK, waited, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
}

static void raise_limit(__rlimit_resource_t resource)
{
    struct rlimit limit;

    if (getrlimit(resource, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(resource, &limit);
    }
}

static int fail(const char *why)
{
    fprintf(stderr, "handoffd: %s\n", why);
    return EXIT_FAILED;
}

static void tell_metrics(const struct log *log, const struct server *server)
{
    char address[128], words[160];

    server_metrics_address(server, address, sizeof(address));
    if (address[0] == '\0')
        return;
    snprintf(words, sizeof(words), "metrics at %s", address);
    log_operator(log, LOG_LEVEL_INFO, words);
}

/* What an operator should think about again. */
static void tell_warnings(const struct config *config)
{
    for (size_t i = 0; i < CONFIG_WARNINGS; i++)
        if (config->warnings[i] != NULL)
            log_note(&config->log, LOG_LEVEL_WARNING, config->warnings[i], 0);
}

/* Names what a start is needed for. */
static void tell_differences(const struct config *running, const struct config *wanted)
{
    const char *names[CONFIG_OPTIONS];
    const size_t count = config_differences(running, wanted, names);

    for (size_t i = 0; i < count; i++) {
        char words[160];

        snprintf(words, sizeof(words), "%s was changed: that takes effect at the next start",
                 names[i]);
        log_operator(&wanted->log, LOG_LEVEL_WARNING, words);
    }
}

/* SIGHUP: reads configuration and certificate again. What is wrong is told, and changes nothing. */
static void reload(struct server *server, const struct config *running, int argc, char **argv)
{
    char why[WHY_MAX];
    struct config wanted;

    if (config_read(&wanted, argc, argv, stdout, why, sizeof(why)) != CONFIG_RUN ||
        server_reload(server, &wanted, why, sizeof(why)) != 0) {
        log_operator(server_log(server), LOG_LEVEL_ERROR, why);
        log_note(server_log(server), LOG_LEVEL_ERROR,
                 "nothing was changed: the configuration or the certificate is wrong", 0);
    } else {
        tell_differences(running, &wanted);
        tell_warnings(&wanted);
        log_note(server_log(server), LOG_LEVEL_INFO,
                 "configuration and certificate were read again", 0);
    }
    config_free(&wanted);
}

/* Hands a descriptor on: it is whose it was given to. */
static int hand_on(int *fd)
{
    const int given = *fd;

    *fd = -1;
    return given;
}

/* Says where it serves, and serves until a signal comes. */
static int serve(const struct config *config, struct vault *vault, struct listen_opened *opened,
                 const sigset_t *waited, int argc, char **argv)
{
    char why[WHY_MAX], address[128];
    struct server *server =
        server_start(config, vault, hand_on(&opened->service), why, sizeof(why));
    int signal_number;

    if (server == NULL)
        return fail(why);
    if (server_serve_metrics(server, hand_on(&opened->metrics), why, sizeof(why)) != 0) {
        server_drain(server);
        return fail(why);
    }
    server_address(server, address, sizeof(address));
    printf("handoffd: listening on %s%s\n",
           config->listen.path != NULL ? ""
           : config->tls_cert != NULL  ? "https://"
                                       : "http://",
           address);
    if (fflush(stdout) != 0)
        log_note(&config->log, LOG_LEVEL_WARNING, "the address could not be printed", 0);
    log_note(&config->log, LOG_LEVEL_INFO, "serving", 0);
    tell_warnings(config);
    tell_metrics(&config->log, server);
    while (sigwait(waited, &signal_number) == 0 && signal_number == SIGHUP)
        reload(server, config, argc, argv);
    log_note(&config->log, LOG_LEVEL_INFO, "ending: the requests in hand are answered", 0);
    server_drain(server);
    return EXIT_DONE;
}

/* All that takes rights, and then the sandbox. Ports come first, since one below 1024 may need what
   the user has not; sockets in the file system come after the user, whose they are to be. */
static int settle_in(const struct config *config, struct listen_opened *opened, char *why,
                     size_t why_size)
{
    if (geteuid() == 0 && config->user == NULL)
        log_note(&config->log, LOG_LEVEL_WARNING,
                 "the service runs as root: give it a user of its own (user, or User= of its unit)",
                 0);
    sandbox_prepare(config);
    if (listen_open_all(opened, config, false, why, why_size) != 0 ||
        drop_privileges_to(config->user, config->data, why, why_size) != 0 ||
        vault_make_dir(config->data, why, why_size) != 0 ||
        listen_open_all(opened, config, true, why, why_size) != 0)
        return -1;
    return sandbox_enter(config, why, why_size);
}

static int run(const struct config *config, const sigset_t *waited, int argc, char **argv)
{
    const struct vault_options options = {.report = report,
                                          .report_ctx = (void *)(uintptr_t)&config->log,
                                          .dir = config->data,
                                          .key = config->master_key,
                                          .live_max = config->limits.live,
                                          .live_bytes_max = config->limits.live_bytes,
                                          .log_name = config->log_name,
                                          .log_name_usual = config->log_name_usual,
                                          .erase_after_s = config->erase_after_s,
                                          .readers = config->threads};
    struct listen_opened opened = {-1, -1};
    char why[WHY_MAX];
    struct vault *vault = NULL;
    int status;

    if (settle_in(config, &opened, why, sizeof(why)) == 0)
        vault = vault_open(&options, why, sizeof(why));
    if (vault == NULL) {
        listen_close_all(&opened, config);
        return fail(why);
    }
    if (!secret_all_locked())
        log_note(&config->log, LOG_LEVEL_WARNING,
                 "keys cannot be locked into memory: raise the limit (LimitMEMLOCK)", 0);
    status = serve(config, vault, &opened, waited, argc, argv);
    listen_close_all(&opened, config);
    vault_close(vault);
    if (status == EXIT_DONE)
        log_note(&config->log, LOG_LEVEL_INFO, "ended", 0);
    return status;
}

int main(int argc, char **argv)
{
    char why[WHY_MAX];
    struct config config;
    sigset_t waited;
    int status = EXIT_USAGE;

    if (secret_forbid_dumps() != 0 || sodium_init() < 0)
        return fail("this process cannot be protected from dumps, or has no random numbers");
    umask(077);
    json_set_alloc_funcs(secret_heap_alloc, secret_heap_free);
    if (argc > 1 && argv[1][0] != '-')
        return command_main(argc, argv);
    block_signals(&waited);
    raise_limit(RLIMIT_NOFILE);  /* each connection is a file */
    raise_limit(RLIMIT_MEMLOCK); /* keys are locked, also by who may not go beyond the limit */
    switch (config_read(&config, argc, argv, stdout, why, sizeof(why))) {
    case CONFIG_DONE:
        return EXIT_DONE;
    case CONFIG_WRONG:
        fprintf(stderr, "handoffd: %s\n", why);
        break;
    case CONFIG_RUN:
        status = run(&config, &waited, argc, argv);
        break;
    }
    config_free(&config);
    return status;
}
