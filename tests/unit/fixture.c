#include "tests/unit/fixture.h"

#include "tests/unit/unit.h"
#include "vault/protocol/encoding/encoding.h"
#include "vault/protocol/encoding/secret.h"
#include "vault/protocol/handoff/envelope.h"

#include <dirent.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static void open_vault(struct fixture *f)
{
    char why[256];

    f->options.dir = f->dir;
    f->options.readers = 2;
    f->vault = vault_open(&f->options, why, sizeof(why));
    if (f->vault == NULL)
        fail_msg("the vault does not open: %s", why);
}

void fixture_open(struct fixture *f)
{
    fixture_open_limited(f, 0, 0);
}

void fixture_open_limited(struct fixture *f, uint64_t live_max, uint64_t live_bytes_max)
{
    const char *tmp = getenv("TMPDIR");

    f->options = (struct vault_options){.live_max = live_max, .live_bytes_max = live_bytes_max};
    snprintf(f->dir, sizeof(f->dir), "%s/handoff-unit-XXXXXX", tmp != NULL ? tmp : "/tmp");
    assert_non_null(mkdtemp(f->dir));
    open_vault(f);
}

void fixture_reopen(struct fixture *f)
{
    vault_close(f->vault);
    open_vault(f);
}

/* Calls each with the directory's open descriptor and each file's name. */
static void for_files(const struct fixture *f,
                      void (*each)(int dir_fd, const char *name, void *ctx), void *ctx)
{
    DIR *dir = opendir(f->dir);
    struct dirent *entry;

    assert_non_null(dir);
    while ((entry = readdir(dir)) != NULL)
        if (entry->d_name[0] != '.')
            each(dirfd(dir), entry->d_name, ctx);
    closedir(dir);
}

static void remove_file(int dir_fd, const char *name, void *ctx)
{
    (void)ctx;
    unlinkat(dir_fd, name, 0);
}

void fixture_close(struct fixture *f)
{
    vault_close(f->vault);
    for_files(f, remove_file, NULL);
    rmdir(f->dir);
}

struct search {
    const void *needle;
    size_t len, found;
};

static void search_file(int dir_fd, const char *name, void *ctx)
{
    struct search *s = ctx;
    const int fd = openat(dir_fd, name, O_RDONLY);
    struct stat st;
    uint8_t *data, *at;
    size_t left;

    if (fd < 0)
        return; /* gone meanwhile */
    assert_int_equal(fstat(fd, &st), 0);
    data = malloc((size_t)st.st_size + 1);
    assert_non_null(data);
    left = (size_t)pread(fd, data, (size_t)st.st_size, 0);
    for (at = data; (at = memmem(at, left - (size_t)(at - data), s->needle, s->len)) != NULL; at++)
        s->found++;
    free(data);
    close(fd);
}

size_t fixture_search(const struct fixture *f, const void *needle, size_t len)
{
    struct search s = {.needle = needle, .len = len};

    for_files(f, search_file, &s);
    return s.found;
}

static void fill_submission(struct vault_submission *in, const struct party *p)
{
    in->envelope = secret_heap_alloc(p->envelope_len);
    assert_non_null(in->envelope);
    memcpy(in->envelope, p->envelope, p->envelope_len);
    in->envelope_len = p->envelope_len;
    keys_hash(in->claim_hash, p->keys->claim_token);
    keys_hash(in->opened_hash, p->keys->opened_token);
    keys_receipt_public(in->receipt_key, p->keys->receipt_seed);
    keys_hash(in->manage_hash, p->manage_key);
    in->code = p->keys->code;
    if (in->code)
        keys_hash(in->link_hash, p->keys->link_token);
    in->expires_in_s = VAULT_EXPIRES_DEFAULT_S;
    in->lease_s = VAULT_LEASE_DEFAULT_S;
}

void party_submit(struct fixture *f, struct party *p, size_t size, const char *code,
                  void (*prepare)(struct vault_submission *in))
{
    assert_string_equal(answer_name(party_try(f, p, size, code, prepare)), "ok");
}

enum answer party_try(struct fixture *f, struct party *p, size_t size, const char *code,
                      void (*prepare)(struct vault_submission *in))
{
    enum answer answer;
    struct secret *normalised = NULL;
    uint8_t *plain = calloc(1, size + 1);
    struct vault_job job = {.op = VAULT_SUBMIT};
    const char *why;

    memset(p, 0, sizeof(*p));
    encoding_id_new(p->id, (uint64_t)time(NULL) * 1000);
    randombytes_buf(p->link_key, sizeof(p->link_key));
    randombytes_buf(p->manage_key, sizeof(p->manage_key));
    randombytes_buf(p->claimant, sizeof(p->claimant));
    if (code != NULL)
        normalised = keys_code_normalise(code, strlen(code), &why);
    p->keys = keys_derive(p->link_key, p->id, normalised);
    assert_non_null(p->keys);
    secret_free(normalised);
    p->envelope_len = envelope_size(size);
    p->envelope = malloc(p->envelope_len);
    assert_non_null(p->envelope);
    assert_int_equal(envelope_seal(p->envelope, p->keys, p->id, plain, size, NULL), 0);
    free(plain);

    memcpy(job.id, p->id, sizeof(job.id));
    fill_submission(&job.in.submit, p);
    if (prepare != NULL)
        prepare(&job.in.submit);
    p->submitted = job;
    p->submitted.in.submit.envelope = NULL;
    vault_call(f->vault, &job);
    answer = job.result.answer;
    vault_job_clear(&job);
    return answer;
}

void party_free(struct party *p)
{
    keys_free(p->keys);
    free(p->envelope);
}

static struct vault_job job_for(const struct party *p, enum vault_op op)
{
    struct vault_job job = {.op = op, .address = "192.0.2.7", .agent = "unit"};

    memcpy(job.id, p->id, sizeof(job.id));
    return job;
}

static enum answer call(struct fixture *f, struct vault_job *job, struct vault_result *out)
{
    vault_call(f->vault, job);
    *out = job->result;
    out->envelope = NULL;
    vault_job_clear(job);
    return out->answer;
}

enum answer party_claim(struct fixture *f, const struct party *p, const uint8_t *claimant,
                        struct vault_result *out)
{
    struct vault_job job = job_for(p, VAULT_CLAIM);

    memcpy(job.in.claim.token, p->keys->claim_token, 32);
    memcpy(job.in.claim.claimant, claimant != NULL ? claimant : p->claimant, 32);
    job.in.claim.has_link_token = p->keys->code;
    memcpy(job.in.claim.link_token, p->keys->link_token, 32);
    vault_call(f->vault, &job);
    *out = job.result;
    out->envelope = NULL;
    if (job.result.envelope != NULL) {
        assert_int_equal(job.result.envelope_len, p->envelope_len);
        assert_memory_equal(job.result.envelope, p->envelope, p->envelope_len);
    }
    assert_int_equal(job.result.envelope != NULL,
                     job.result.answer == ANSWER_OK || job.result.answer == ANSWER_REPEATED);
    vault_job_clear(&job);
    return out->answer;
}

enum answer party_opened(struct fixture *f, const struct party *p, const uint8_t *claimant,
                         struct vault_result *out)
{
    struct vault_job job = job_for(p, VAULT_OPENED);

    memcpy(job.in.opened.opened_token, p->keys->opened_token, 32);
    memcpy(job.in.opened.claimant, claimant != NULL ? claimant : p->claimant, 32);
    return call(f, &job, out);
}

enum answer party_receipt(struct fixture *f, const struct party *p, enum receipt_outcome outcome,
                          bool with_claimant, int64_t at, struct vault_result *out)
{
    static const char details[] = "{\"by\":\"Ada\"}";
    struct vault_job job = job_for(p, VAULT_RECEIPT);
    struct vault_receipt *in = &job.in.receipt;
    struct receipt r = {.outcome = outcome, .at = at, .details = details};
    char statement[RECEIPT_STATEMENT_MAX];
    size_t len;

    r.details_len = strlen(details);
    memcpy(r.id, p->id, sizeof(r.id));
    envelope_hash(r.envelope_hash, p->envelope, p->envelope_len);
    len = receipt_statement(statement, &r);
    receipt_sign(in->signature, statement, len, p->keys->receipt_seed);
    in->outcome = outcome;
    in->at = at;
    in->has_details = true;
    in->details = secret_heap_strdup(details);
    in->details_len = strlen(details);
    in->has_claimant = with_claimant;
    memcpy(in->claimant, p->claimant, 32);
    return call(f, &job, out);
}

enum answer party_revoke(struct fixture *f, const struct party *p, struct vault_result *out)
{
    struct vault_job job = job_for(p, VAULT_REVOKE);

    memcpy(job.in.manage_key, p->manage_key, 32);
    return call(f, &job, out);
}
