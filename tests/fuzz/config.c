/* Any text as the configuration file: values are taken, each with its line, or the refusal is a
   sentence that names the file, and the line where there is one. */
#include "api/config/configfile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned lines_of(const uint8_t *data, size_t size)
{
    unsigned count = 1;

    for (size_t i = 0; i < size; i++)
        count += data[i] == '\n';
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct configfile_value values[CONFIG_OPTIONS] = {{0}};
    char path[64], why[512] = "";
    void *memory = NULL;
    const int fd = memfd_create("config", MFD_CLOEXEC);
    unsigned line = 0;

    if (fd < 0 || fchmod(fd, 0600) != 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    if (configfile_read(path, values, &memory, why, sizeof(why)) == 0) {
        for (size_t i = 0; i < CONFIG_OPTIONS; i++)
            if (values[i].text != NULL &&
                (values[i].line == 0 || values[i].line > lines_of(data, size)))
                abort();
    } else if (strncmp(why, path, strlen(path)) != 0 ||
               sscanf(why + strlen(path), ":%u: ", &line) != 1 || line == 0 ||
               line > lines_of(data, size)) {
        abort();
    }
    configfile_free(memory);
    close(fd);
    return 0;
}
