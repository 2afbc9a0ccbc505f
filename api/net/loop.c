#include "api/net/loop.h"

#include "api/base/service.h"
#include "api/net/connections.h"
#include "vault/vault.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* While the vault works for somebody, how long to sleep before a look at connections that have said
   nothing: one may have bytes that the last round left where they were. */
enum { LOOK_MS = 1 };

struct arrival {
    struct arrival *next;
    int fd;
    socklen_t len;
    struct sockaddr_storage address;
};

struct loop {
    struct completion_queue completions; /* first */
    struct service *service;
    void (*on_answered)(struct vault_job *job);
    struct MHD_Daemon *daemon;
    pthread_t thread;
    bool runs;
    int set, wakeup_fd; /* an epoll set: the daemon's sockets, and what others write to */
    atomic_uint connections;
    atomic_uint in_hand; /* jobs that were posted and are not back */

    /* the thread's own */
    struct vault_job *posted, **posted_end;
    unsigned reading; /* requests that are not complete */
    bool grown;       /* this round, one of them has become longer */
    bool replied;     /* this round, an answer was queued */
    bool started;     /* the connection that is being added was taken */

    pthread_mutex_t lock; /* for what others leave */
    struct vault_job *answered;
    struct arrival *arrived;
    bool woken;  /* something has to be looked at */
    bool asleep; /* wakeup_fd must be written to */
    bool ending;
};

/* Called with the lock held. */
static void wake(struct loop *l)
{
    l->woken = true;
    if (l->asleep)
        (void)eventfd_write(l->wakeup_fd, 1);
    l->asleep = false;
}

void loop_wake(struct loop *l)
{
    pthread_mutex_lock(&l->lock);
    wake(l);
    pthread_mutex_unlock(&l->lock);
}

/* ---- jobs ---- */

static void answered(struct completion_queue *completions, struct vault_job *jobs)
{
    struct loop *l = (struct loop *)completions;
    struct vault_job *last = jobs;

    while (last->next != NULL)
        last = last->next;
    pthread_mutex_lock(&l->lock);
    last->next = l->answered;
    l->answered = jobs;
    wake(l);
    pthread_mutex_unlock(&l->lock); /* last: the loop may be gone the moment after */
}

void loop_post(struct loop *l, struct vault_job *job)
{
    job->completions = &l->completions;
    job->next = NULL;
    *l->posted_end = job;
    l->posted_end = &job->next;
    atomic_fetch_add(&l->in_hand, 1);
}

static void post_all(struct loop *l)
{
    struct vault_job *jobs = l->posted;

    l->posted = NULL;
    l->posted_end = &l->posted;
    if (jobs != NULL)
        vault_post(l->service->vault, jobs);
}

static void take_back(struct loop *l, struct vault_job *jobs)
{
    while (jobs != NULL) {
        struct vault_job *job = jobs;

        jobs = job->next;
        l->on_answered(job);
        atomic_fetch_sub(&l->in_hand, 1);
    }
}

/* ---- connections ---- */

void loop_give(struct loop *l, int fd, const struct sockaddr_storage *address, socklen_t len)
{
    struct arrival *a = malloc(sizeof(*a));

    if (a == NULL) {
        close(fd);
        return;
    }
    *a = (struct arrival){.fd = fd, .len = len, .address = *address};
    atomic_fetch_add(&l->connections, 1);
    pthread_mutex_lock(&l->lock);
    a->next = l->arrived;
    l->arrived = a;
    wake(l);
    pthread_mutex_unlock(&l->lock);
}

static void admit(struct loop *l, struct arrival *arrivals)
{
    while (arrivals != NULL) {
        struct arrival *a = arrivals;

        arrivals = a->next;
        l->started = false;
        (void)MHD_add_connection(l->daemon, a->fd, (const struct sockaddr *)&a->address, a->len);
        if (!l->started)
            atomic_fetch_sub(&l->connections, 1);
        free(a);
    }
}

void loop_notify(void *ctx, struct MHD_Connection *connection, void **socket_context,
                 enum MHD_ConnectionNotificationCode code)
{
    struct loop *l = ctx;

    connections_notify(l->service->connections, connection, socket_context, code);
    if (code == MHD_CONNECTION_NOTIFY_STARTED)
        l->started = true;
    else
        atomic_fetch_sub(&l->connections, 1);
}

/* ---- rounds ---- */

void loop_tell(struct loop *l, enum loop_news news)
{
    switch (news) {
    case LOOP_BEGUN:
        l->reading++;
        l->grown = true;
        break;
    case LOOP_GROWN:
        l->grown = true;
        break;
    case LOOP_WHOLE:
        l->reading--;
        break;
    case LOOP_REPLIED:
        l->replied = true;
        break;
    }
}

/* Takes what others have left. Returns whether it is over. */
static bool take(struct loop *l)
{
    struct vault_job *jobs;
    struct arrival *arrivals;
    bool ending;

    pthread_mutex_lock(&l->lock);
    l->asleep = l->woken = false;
    jobs = l->answered;
    l->answered = NULL;
    arrivals = l->arrived;
    l->arrived = NULL;
    ending = l->ending;
    pthread_mutex_unlock(&l->lock);
    take_back(l, jobs);
    admit(l, arrivals);
    return ending;
}

/* How long there is nothing to do unless something comes; -1: for ever. libmicrohttpd knows, but
   takes a request that waits for the vault for one that has something to do. */
static int idle_ms(const struct loop *l)
{
    MHD_UNSIGNED_LONG_LONG ms;

    if (l->replied || (l->grown && l->reading > 0))
        return 0;
    if (atomic_load(&l->in_hand) > 0)
        return LOOK_MS;
    return MHD_get_timeout(l->daemon, &ms) != MHD_YES ? -1 : ms > 1000 ? 1000 : (int)ms;
}

static void rest(struct loop *l)
{
    struct epoll_event events[2];
    const int ms = idle_ms(l);
    bool sleep;

    if (ms == 0)
        return;
    pthread_mutex_lock(&l->lock);
    sleep = l->asleep = !l->woken;
    pthread_mutex_unlock(&l->lock);
    if (sleep)
        (void)epoll_wait(l->set, events, 2, ms);
}

static void *run(void *arg)
{
    struct loop *l = arg;

    while (!take(l)) {
        l->grown = l->replied = false;
        (void)MHD_run(l->daemon);
        post_all(l);
        rest(l);
    }
    return NULL;
}

/* ---- from outside ---- */

struct service *loop_service(const struct loop *l)
{
    return l->service;
}

unsigned loop_connections(const struct loop *l)
{
    return atomic_load(&l->connections);
}

bool loop_is_idle(const struct loop *l)
{
    return atomic_load(&l->connections) == 0 && atomic_load(&l->in_hand) == 0;
}

static int watch(struct loop *l, int fd, uint32_t events)
{
    struct epoll_event e = {.events = events, .data.fd = fd};

    return epoll_ctl(l->set, EPOLL_CTL_ADD, fd, &e);
}

struct loop *loop_new(struct service *s, void (*on_answered)(struct vault_job *job))
{
    struct loop *l = calloc(1, sizeof(*l));

    if (l == NULL)
        return NULL;
    l->completions.answered = answered;
    l->service = s;
    l->on_answered = on_answered;
    l->posted_end = &l->posted;
    pthread_mutex_init(&l->lock, NULL);
    l->set = epoll_create1(EPOLL_CLOEXEC);
    l->wakeup_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    /* Each write is an event of its own: nobody has to read it. */
    if (l->set >= 0 && l->wakeup_fd >= 0 && watch(l, l->wakeup_fd, EPOLLIN | EPOLLET) == 0)
        return l;
    loop_free(l);
    return NULL;
}

int loop_start(struct loop *l, struct MHD_Daemon *daemon)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD);

    l->daemon = daemon;
    l->runs = info != NULL && watch(l, info->epoll_fd, EPOLLIN) == 0 &&
              pthread_create(&l->thread, NULL, run, l) == 0;
    return l->runs ? 0 : -1;
}

void loop_free(struct loop *l)
{
    if (l == NULL)
        return;
    pthread_mutex_lock(&l->lock); /* who gave back the last job may not be out of it yet */
    l->ending = true;
    wake(l);
    pthread_mutex_unlock(&l->lock);
    if (l->runs)
        pthread_join(l->thread, NULL);
    if (l->daemon != NULL)
        MHD_stop_daemon(l->daemon);
    if (l->wakeup_fd >= 0)
        close(l->wakeup_fd);
    if (l->set >= 0)
        close(l->set);
    pthread_mutex_destroy(&l->lock);
    free(l);
}
