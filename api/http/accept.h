/* What a client would rather have, as Accept-Encoding and Accept-Language tell (RFC 9110, sections
   12.4.2 and 12.5). */
#ifndef HANDOFF_API_HTTP_ACCEPT_H
#define HANDOFF_API_HTTP_ACCEPT_H

enum { ACCEPT_UNNAMED = -1, ACCEPT_BEST = 1000 };

/* The weight that a field's value (NULL: it is not there) gives to a name, 0 (unwanted) to
   ACCEPT_BEST; ACCEPT_UNNAMED where neither the name nor "*" stands in it. A name also stands for
   those that go on with a hyphen: "de" for "de-AT". What is malformed is passed over. */
int accept_weight(const char *field, const char *name)
    __attribute__((nonnull(2), warn_unused_result));

#endif
