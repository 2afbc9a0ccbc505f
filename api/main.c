#include "api/commands/command.h"
#include "api/config.h"
#include "api/log.h"
#include "api/server.h"
#include "vault/protocol/secret.h"
#include "vault/vault.h"

#include <jansson.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, WHY_MAX = 1024 };

static void report(void *ctx, int level, const char *what, int64_t number)
{
    log_note(ctx,
             level == VAULT_REPORT_ERROR     ? LOG_LEVEL_ERROR
             : level == VAULT_REPORT_WARNING ? LOG_LEVEL_WARNING
                                             : LOG_LEVEL_INFO,
             what, number);
}

/* The signals that end the service are waited for by main alone: blocked before any thread starts.
 */
static void block_signals(sigset_t *ending)
{
    sigemptyset(ending);
    sigaddset(ending, SIGTERM);
    sigaddset(ending, SIGINT);
    (void)pthread_sigmask(SIG_BLOCK, ending, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGHUP, SIG_IGN);
}

/* Each connection is a file. */
static void raise_file_limit(void)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
}

static int fail(const char *why)
{
    fprintf(stderr, "handoffd: %s\n", why);
    return EXIT_FAILED;
}

/* Says where it serves, and serves until a signal comes. */
static int serve(const struct config *config, struct vault *vault, const sigset_t *ending)
{
    char why[WHY_MAX], address[80];
    struct server *server = server_start(config, vault, why, sizeof(why));
    int signal_number;

    if (server == NULL)
        return fail(why);
    server_address(server, address, sizeof(address));
    printf("handoffd: listening on http://%s\n", address);
    if (fflush(stdout) != 0)
        log_note(&config->log, LOG_LEVEL_WARNING, "the address could not be printed", 0);
    log_note(&config->log, LOG_LEVEL_INFO, "serving", 0);
    (void)sigwait(ending, &signal_number);
    log_note(&config->log, LOG_LEVEL_INFO, "ending: the requests in hand are answered", 0);
    server_drain(server);
    return EXIT_DONE;
}

int main(int argc, char **argv)
{
    char why[WHY_MAX];
    struct config config;
    struct vault_options options = {.report = report, .report_ctx = &config.log};
    struct vault *vault;
    sigset_t ending;
    int status;

    if (secret_forbid_dumps() != 0 || sodium_init() < 0)
        return fail("this process cannot be protected from dumps, or has no random numbers");
    umask(077);
    json_set_alloc_funcs(secret_heap_alloc, secret_heap_free);
    if (argc > 1 && argv[1][0] != '-')
        return command_main(argc, argv);
    block_signals(&ending);
    raise_file_limit();
    switch (config_read(&config, argc, argv, stdout, why, sizeof(why))) {
    case CONFIG_DONE:
        return EXIT_DONE;
    case CONFIG_WRONG:
        fprintf(stderr, "handoffd: %s\n", why);
        return EXIT_USAGE;
    case CONFIG_RUN:
        break;
    }
    options.dir = config.data;
    options.key = config.master_key;
    options.live_max = config.limits.live;
    options.live_bytes_max = config.limits.live_bytes;
    options.readers = config.threads;
    vault = vault_open(&options, why, sizeof(why));
    if (vault == NULL)
        return fail(why);
    if (!secret_all_locked())
        log_note(&config.log, LOG_LEVEL_WARNING,
                 "keys cannot be locked into memory: raise the limit (LimitMEMLOCK)", 0);
    status = serve(&config, vault, &ending);
    vault_close(vault);
    if (status == EXIT_DONE)
        log_note(&config.log, LOG_LEVEL_INFO, "ended", 0);
    return status;
}
