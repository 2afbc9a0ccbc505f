#include "api/http/longpoll.h"

#include "api/base/service.h"
#include "api/net/loop.h"

#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct longpolls {
    struct vault *vault;
    pthread_mutex_t lock; /* for what follows, and each wait's woken */
    struct longpoll *first;
    unsigned count;
    bool ended; /* everyone was woken: nobody may wait any more */
};

struct longpolls *longpoll_new(struct vault *vault)
{
    struct longpolls *w = calloc(1, sizeof(*w));

    if (w == NULL)
        return NULL;
    w->vault = vault;
    pthread_mutex_init(&w->lock, NULL);
    return w;
}

void longpoll_free(struct longpolls *w)
{
    if (w == NULL)
        return;
    pthread_mutex_destroy(&w->lock);
    free(w);
}

unsigned longpoll_count(struct longpolls *w)
{
    unsigned count;

    pthread_mutex_lock(&w->lock);
    count = w->count;
    pthread_mutex_unlock(&w->lock);
    return count;
}

/* Resumes a request once. Called with the lock held. */
static void wake(struct request *r)
{
    if (r->wait.woken)
        return;
    r->wait.woken = true;
    MHD_resume_connection(r->connection);
    loop_wake(r->loop);
}

static void wake_watch(struct vault_watch *watch)
{
    struct request *r = watch->owner;
    struct longpolls *w = r->service->longpolls;

    pthread_mutex_lock(&w->lock);
    wake(r);
    pthread_mutex_unlock(&w->lock);
}

static bool ignore_event(void *ctx, const struct vault_event *event)
{
    (void)event;
    *(bool *)ctx = true;
    return false;
}

/* Whether something came between the caller's look and the watch. */
static bool has_events(struct longpolls *w, const struct request *r)
{
    struct vault_timeline timeline;
    bool any = false;

    return vault_events(w->vault, r->id, r->after, 1, ignore_event, &any, &timeline) != ANSWER_OK ||
           any;
}

enum longpoll_result longpoll_add(struct longpolls *w, struct request *r)
{
    struct longpoll *wait = &r->wait;
    enum longpoll_result result;

    pthread_mutex_lock(&w->lock);
    result = w->ended ? LONGPOLL_ENDED : w->count >= LONGPOLL_MAX ? LONGPOLL_FULL : LONGPOLL_ADDED;
    if (result == LONGPOLL_ADDED) {
        wait->next = w->first;
        wait->link = &w->first;
        if (w->first != NULL)
            w->first->link = &wait->next;
        w->first = wait;
        w->count++;
        wait->woken = false;
        r->stage = REQUEST_SUSPENDED;
        MHD_suspend_connection(r->connection);
    }
    pthread_mutex_unlock(&w->lock);
    if (result != LONGPOLL_ADDED)
        return result;
    wait->listed = true;

    memcpy(wait->watch.id, r->id, sizeof(wait->watch.id));
    wait->watch.wake = wake_watch;
    wait->watch.owner = r;
    vault_watch_add(w->vault, &wait->watch);
    if (has_events(w, r))
        wake_watch(&wait->watch);
    return LONGPOLL_ADDED;
}

void longpoll_remove(struct longpolls *w, struct request *r)
{
    struct longpoll *wait = &r->wait;

    if (!wait->listed)
        return;
    wait->listed = false;
    vault_watch_remove(w->vault, &wait->watch);
    pthread_mutex_lock(&w->lock);
    *wait->link = wait->next;
    if (wait->next != NULL)
        wait->next->link = wait->link;
    w->count--;
    pthread_mutex_unlock(&w->lock);
}

static struct request *request_of(struct longpoll *wait)
{
    return (struct request *)(void *)((char *)wait - offsetof(struct request, wait));
}

void longpoll_wake(struct longpolls *w, int64_t now_ms, bool all)
{
    pthread_mutex_lock(&w->lock);
    w->ended |= all;
    for (struct longpoll *wait = w->first; wait != NULL; wait = wait->next)
        if (all || now_ms >= wait->deadline_ms)
            wake(request_of(wait));
    pthread_mutex_unlock(&w->lock);
}
