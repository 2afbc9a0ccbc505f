/*
 * Goal: jobs that are posted together are one transaction and come back together, in their order;
 * each comes back exactly once, whoever posts beside, as fast as may be; what the queue has no room
 * for comes back at once.
 */
#include "tests/unit/fixture.h"
#include "tests/unit/unit.h"
#include "vault/writer/committer.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { TOGETHER = 100, POSTERS = 4, ROUNDS = 300, MOST = 40, TOO_MANY = 7 };

struct poster {
    struct completion_queue completions; /* first */
    struct vault *vault;
    struct vault_job *jobs;
    size_t count, back, busy;
    unsigned calls;
    bool ordered; /* so far, each came back after the one that was posted before it */
    pthread_mutex_t lock;
    pthread_cond_t changed;
};

static void answered(struct completion_queue *completions, struct vault_job *jobs)
{
    struct poster *p = (struct poster *)completions;

    pthread_mutex_lock(&p->lock);
    p->calls++;
    for (; jobs != NULL; jobs = jobs->next) {
        p->ordered &= jobs == &p->jobs[p->back];
        p->busy += jobs->result.answer == ANSWER_BUSY;
        assert_ptr_equal(jobs->owner, p);
        jobs->owner = NULL; /* a second time would be noticed */
        p->back++;
    }
    pthread_cond_signal(&p->changed);
    pthread_mutex_unlock(&p->lock);
}

static void begin(struct poster *p, struct vault *vault, size_t most)
{
    memset(p, 0, sizeof(*p));
    p->completions.answered = answered;
    p->vault = vault;
    p->jobs = calloc(most, sizeof(*p->jobs));
    assert_non_null(p->jobs);
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->changed, NULL);
}

static void end(struct poster *p)
{
    pthread_cond_destroy(&p->changed);
    pthread_mutex_destroy(&p->lock);
    free(p->jobs);
}

/* Posts so many at once and waits until all are back. */
static void post(struct poster *p, size_t count)
{
    p->count = count;
    p->back = p->busy = 0;
    p->calls = 0;
    p->ordered = true;
    for (size_t i = 0; i < count; i++)
        p->jobs[i] = (struct vault_job){.op = VAULT_PROBE,
                                        .completions = &p->completions,
                                        .owner = p,
                                        .next = i + 1 < count ? &p->jobs[i + 1] : NULL};
    vault_post(p->vault, p->jobs);
    pthread_mutex_lock(&p->lock);
    while (p->back < p->count)
        pthread_cond_wait(&p->changed, &p->lock);
    pthread_mutex_unlock(&p->lock);
    assert_int_equal(p->back, count);
}

static void test_together(void **state)
{
    struct fixture f;
    struct poster p;

    (void)state;
    fixture_open(&f);
    begin(&p, f.vault, TOGETHER);
    for (unsigned round = 0; round < 20; round++) {
        post(&p, TOGETHER);
        assert_int_equal(p.calls, 1);
        assert_true(p.ordered);
        for (size_t i = 0; i < TOGETHER; i++)
            assert_int_equal(p.jobs[i].result.answer, ANSWER_OK);
    }
    end(&p);
    fixture_close(&f);
}

static void *post_often(void *arg)
{
    struct poster *p = arg;

    for (size_t i = 0; i < ROUNDS; i++) {
        post(p, 1 + i * 7 % MOST);
        assert_true(p->ordered);
        assert_int_equal(p->busy, 0);
    }
    return NULL;
}

static void test_beside_each_other(void **state)
{
    struct poster posters[POSTERS];
    pthread_t threads[POSTERS];
    struct fixture f;

    (void)state;
    fixture_open(&f);
    for (size_t i = 0; i < POSTERS; i++) {
        begin(&posters[i], f.vault, MOST);
        assert_int_equal(pthread_create(&threads[i], NULL, post_often, &posters[i]), 0);
    }
    for (size_t i = 0; i < POSTERS; i++) {
        pthread_join(threads[i], NULL);
        end(&posters[i]);
    }
    fixture_close(&f);
}

static void test_no_room(void **state)
{
    struct fixture f;
    struct poster p;

    (void)state;
    fixture_open(&f);
    begin(&p, f.vault, COMMITTER_QUEUE_MAX + TOO_MANY);
    post(&p, COMMITTER_QUEUE_MAX + TOO_MANY);
    assert_int_equal(p.busy, TOO_MANY);
    for (size_t i = 0; i < TOO_MANY; i++)
        assert_int_equal(p.jobs[COMMITTER_QUEUE_MAX + i].result.answer, ANSWER_BUSY);
    post(&p, TOGETHER); /* and there is room again */
    assert_int_equal(p.busy, 0);
    end(&p);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_together),
        cmocka_unit_test(test_beside_each_other),
        cmocka_unit_test(test_no_room),
    };

    return cmocka_run_group_tests_name("posting", tests, NULL, NULL);
}
