#include "api/metrics/page.h"

#include "api/base/service.h"
#include "api/config/settings.h"
#include "api/http/longpoll.h"
#include "api/metrics/prometheus.h"
#include "api/metrics/request_counts.h"
#include "api/net/connections.h"
#include "api/net/tls.h"
#include "vault/protocol/encoding/secret.h"
#include "vault/protocol/encoding/text.h"
#include "vault/vault.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* The second number of /proc/self/statm is in pages. */
static int64_t resident_bytes(void)
{
    FILE *f = fopen("/proc/self/statm", "re");
    long long pages = -1;

    if (f == NULL)
        return -1;
    if (fscanf(f, "%*s %lld", &pages) != 1)
        pages = -1;
    fclose(f);
    return pages >= 0 ? pages * sysconf(_SC_PAGESIZE) : -1;
}

static int64_t open_files(void)
{
    DIR *files = opendir("/proc/self/fd");
    int64_t count = -1; /* opendir's own is not counted */

    if (files == NULL)
        return -1;
    for (const struct dirent *entry = readdir(files); entry != NULL; entry = readdir(files))
        count += entry->d_name[0] != '.';
    closedir(files);
    return count;
}

static void look_around(const struct service *s, struct prometheus_now *now)
{
    struct statvfs fs;
    struct rlimit files;

    now->memory_locked = secret_all_locked();
    now->resident_bytes = resident_bytes();
    now->open_files = open_files();
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur != RLIM_INFINITY)
        now->files_max = (int64_t)files.rlim_cur;
    now->started_at = s->started_at;
    now->certificate_expires_at = s->tls != NULL ? tls_expires_at(s->tls) : -1;
    if (statvfs(service_config(s)->data, &fs) == 0) {
        now->data_free_bytes = (int64_t)(fs.f_bavail * fs.f_frsize);
        now->data_bytes = (int64_t)(fs.f_blocks * fs.f_frsize);
    }
    now->connections = connections_count(s->connections);
    now->waits = longpoll_count(s->longpolls);
}

size_t page_write(const struct service *s, char *page, size_t size)
{
    struct text t = text_into(page, size);
    struct prometheus_now now = {.data_free_bytes = -1, .data_bytes = -1, .files_max = -1};
    struct vault_stats stats;

    now.readable = vault_stats(s->vault, &stats) == 0;
    look_around(s, &now);
    request_counts_write(s->request_counts, &t);
    if (now.readable)
        prometheus_vault(&t, &stats);
    prometheus_now(&t, &now);
    return t.overflow ? 0 : t.len;
}
