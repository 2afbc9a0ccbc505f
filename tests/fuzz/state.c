/* Any bytes as a state file of the command line, of both roles: refused, or read; and what is read
   is written and read back the same. */
#include "cli/local/state.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char home[PATH_MAX / 2];
static const uint8_t id[16] = {0x01, 0x98, 0, 0, 0, 0, 0x70, 0, 0x80};

static void file_of(char path[PATH_MAX], enum state_role role)
{
    char name[ENCODING_ID_TEXT + 1];

    encoding_id_format(name, id);
    (void)snprintf(path, PATH_MAX, "%s/handoff/%s/%s.json", home,
                   role == STATE_SENT ? "sent" : "received", name);
}

static void leave(void)
{
    state_remove(STATE_SENT, id);
    state_remove(STATE_RECEIVED, id);
}

static void begin(void)
{
    const char *tmp = getenv("TMPDIR");
    char path[PATH_MAX];

    (void)snprintf(home, sizeof(home), "%s/state.XXXXXX", tmp != NULL ? tmp : "/tmp");
    if (sodium_init() < 0 || mkdtemp(home) == NULL || setenv("XDG_STATE_HOME", home, 1) != 0)
        abort();
    for (enum state_role role = STATE_SENT; role <= STATE_RECEIVED; role++) {
        file_of(path, role);
        if (state_make_folders(path) != 0)
            abort();
    }
    (void)atexit(leave);
}

static void try_role(enum state_role role, const uint8_t *data, size_t size)
{
    struct state *s = state_new(), *again = state_new();
    char path[PATH_MAX];
    int fd;

    file_of(path, role);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (s == NULL || again == NULL || fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    close(fd);
    if (state_read(s, role, id) == 0 &&
        (state_replace(s) != 0 || state_read(again, role, id) != 0 ||
         memcmp(s, again, sizeof(*s)) != 0))
        abort();
    state_free(s);
    state_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (home[0] == '\0')
        begin();
    try_role(STATE_SENT, data, size);
    try_role(STATE_RECEIVED, data, size);
    return 0;
}
