#include "api/sandbox/sandbox.h"

#include "api/base/log.h"
#include "api/sandbox/landlock.h"
#include "api/sandbox/seccomp.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>

enum { STATE_MAX = 160, LACK_MAX = 256 };

/* What it is made of, in the order in which it is entered: Landlock and seccomp want no new
   privileges first, and seccomp forbids what the others use. */
struct part {
    const char *name;
    /* Returns how far it goes where it has versions, 0 where it has none, or -1 with errno. */
    int (*enter)(const struct config *config);
};

static int no_new_privileges(const struct config *config)
{
    (void)config;
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? 0 : -1;
}

/* Asks for no change where there is nothing to give up: systemd may have forbidden the call. */
static int no_capabilities(const struct config *config)
{
    cap_t none = cap_init(), own = cap_get_proc();
    int rc = -1, error;

    (void)config;
    /* The ambient set is emptied with the inheritable one. */
    if (none != NULL && own != NULL)
        rc = cap_compare(own, none) == 0 ? 0 : cap_set_proc(none);
    error = errno;
    cap_free(none);
    cap_free(own);
    errno = error;
    return rc == 0 ? 0 : -1;
}

static int filter(const struct config *config)
{
    (void)config;
    return seccomp_enter();
}

static const struct part parts[] = {
    {"no new privileges", no_new_privileges},
    {"no capabilities", no_capabilities},
    {"landlock", landlock_enter},
    {"seccomp", filter},
};

/* Why there is no such thing, in words that lead somewhere. */
static const char *reason(int error)
{
    if (error == ENOSYS)
        return "this kernel has none";
    if (error == EOPNOTSUPP)
        return "it was left out when this kernel was started (lsm= on its command line)";
    return strerror(error);
}

void sandbox_prepare(const struct config *config)
{
    if (config->sandbox == CONFIG_SANDBOX_OFF)
        return;
    for (cap_value_t c = 0; c < cap_max_bits() && cap_drop_bound(c) == 0; c++)
        ;
}

/* Notes what is missing; the end where all is required. */
static int lack(const struct config *config, const struct part *part, int error, char *why,
                size_t why_size)
{
    char words[LACK_MAX];

    if (config->sandbox == CONFIG_SANDBOX_REQUIRED) {
        snprintf(why, why_size,
                 "the sandbox is required and lacks %s: %s; no data was opened; with "
                 "--sandbox on the service starts without",
                 part->name, reason(error));
        return -1;
    }
    snprintf(words, sizeof(words), "sandbox: without %s: %s", part->name, reason(error));
    log_operator(&config->log, LOG_LEVEL_WARNING, words);
    return 0;
}

int sandbox_enter(const struct config *config, char *why, size_t why_size)
{
    char state[STATE_MAX] = "sandbox:";
    size_t len = strlen(state);
    bool first = true;

    if (config->sandbox == CONFIG_SANDBOX_OFF) {
        log_note(&config->log, LOG_LEVEL_WARNING,
                 "sandbox: off: whoever breaks in may do all that the service's user may", 0);
        return 0;
    }
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        const int version = parts[i].enter(config);

        if (version < 0 && lack(config, &parts[i], errno, why, why_size) != 0)
            return -1;
        if (version < 0)
            continue;
        len += (size_t)snprintf(state + len, sizeof(state) - len, "%s %s", first ? "" : ",",
                                parts[i].name);
        first = false;
        if (version > 0)
            len += (size_t)snprintf(state + len, sizeof(state) - len, " %d", version);
    }
    log_operator(&config->log, LOG_LEVEL_INFO, state);
    return 0;
}
