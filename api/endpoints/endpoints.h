/*
 * The room of the calls: one file for each resource. Each handle reads what was asked, and replies
 * or posts a job; each _done fills the reply from the job's result. routes.c has the table that
 * binds them to paths.
 */
#ifndef HANDOFF_API_ENDPOINTS_ENDPOINTS_H
#define HANDOFF_API_ENDPOINTS_ENDPOINTS_H

#include "api/http/request.h"

size_t handoffs_put_max(const struct config *config);
size_t handoffs_put_limit(const struct config *config);
void handoffs_put(struct request *r);
void handoffs_put_done(struct request *r);
void handoffs_get(struct request *r);
void handoffs_delete(struct request *r);
void handoffs_delete_done(struct request *r);

size_t claim_post_max(const struct config *config);
void claim_post(struct request *r);
void claim_post_done(struct request *r);

size_t opened_post_max(const struct config *config);
void opened_post(struct request *r);
void opened_post_done(struct request *r);

size_t receipts_post_max(const struct config *config);
void receipts_post(struct request *r);
void receipts_post_done(struct request *r);

void listing_get(struct request *r);

void events_get(struct request *r);
void events_get_done(struct request *r);

void audit_checkpoint(struct request *r);
void audit_key(struct request *r);
void audit_keys(struct request *r);
void audit_proof(struct request *r);
void audit_consistency(struct request *r);

void tiles_get(struct request *r);

void entries_events(struct request *r);
void entries_details(struct request *r);

/* Whether whoever calls may read the whole log. Returns 0, or -1 with the reply filled. */
int entries_allowed(struct request *r);

void openapi_get(struct request *r);

/* What a client wants to know before it asks a person for anything. */
void service_get(struct request *r);

void pages_submit(struct request *r);
void pages_redeem(struct request *r);
void pages_follow(struct request *r);
void pages_get_asset(struct request *r);

void health_live(struct request *r);
void health_ready(struct request *r);
void health_ready_done(struct request *r);

/* Adds "event":{"index","line","proof"}; the proof where it is not NULL. */
void endpoints_add_event(struct text *t, const struct vault_result *result,
                         const struct text *proof);

/* Adds "details":{field:{"salt","value"}} of an event. */
void endpoints_add_details(struct text *t, const struct vault_event *e);

/* {"state","event"}: the reply that opened, receipts and DELETE share; or the refusal. */
void endpoints_reply_state(struct request *r, unsigned status, const struct text *proof);

/* Adds the members that everyone may see, without the braces around them. */
void endpoints_add_view(struct text *t, const uint8_t id[16], const struct vault_view *view);

#endif
