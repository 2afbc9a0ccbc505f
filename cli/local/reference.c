#include "cli/local/reference.h"

#include "cli/io/input.h"
#include "cli/io/terminal.h"

#include <sodium.h>
#include <string.h>
#include <unistd.h>

static struct secret *ask_for_link(void)
{
    const int fd = terminal_open();
    struct secret *text;

    if (fd < 0) {
        terminal_say("There is no link, and no terminal to ask for it.");
        terminal_hint("Nothing was done. Give it as the argument, or as - on stdin.");
        return NULL;
    }
    text = terminal_ask(fd, "Link (not shown): ");
    (void)close(fd);
    if (text == NULL)
        terminal_say("No link was given. Nothing was done.");
    return text;
}

static struct secret *text_of(const char *word)
{
    struct secret *text;

    if (word == NULL)
        return ask_for_link();
    if (strcmp(word, "-") == 0) {
        text = input_fd(STDIN_FILENO, LINK_INPUT_MAX);
        if (text == NULL)
            terminal_say("stdin holds no link that could be read. Nothing was done.");
        else
            input_strip_newline(text);
        return text;
    }
    text = secret_new(strlen(word) + 1);
    if (text != NULL && secret_append(text, word, strlen(word)) == 0)
        return text;
    secret_free(text);
    terminal_say("Memory is short. Nothing was done.");
    return NULL;
}

static void *no_memory(void)
{
    terminal_say("Memory is short. Nothing was done.");
    return NULL;
}

static void say_repaired(bool repaired)
{
    if (repaired)
        terminal_say("The link had been altered on the way, as mail programs do; it was read "
                     "without that.");
}

static void say_damaged(const char *what, enum link_error error)
{
    terminal_say("%s (%s)", what, link_error_code(error));
    terminal_hint("Nothing was done, and nothing is lost: the handoff is as it was.");
}

static struct link *parse_link(const struct secret *text)
{
    struct link *link = sodium_malloc(sizeof *link);
    enum link_error error;

    if (link == NULL)
        return no_memory();
    error = link_parse(link, (const char *)secret_bytes(text), secret_len(text));
    if (error == LINK_OK) {
        say_repaired(link->repaired);
        return link;
    }
    sodium_free(link);
    say_damaged(link_error_text(error), error);
    return NULL;
}

static struct link_follow *parse_follow(const struct secret *text)
{
    struct link_follow *link = sodium_malloc(sizeof *link);
    enum link_error error;

    if (link == NULL)
        return no_memory();
    error = link_parse_follow(link, (const char *)secret_bytes(text), secret_len(text));
    if (error == LINK_OK) {
        say_repaired(link->repaired);
        return link;
    }
    sodium_free(link);
    say_damaged(link_error_follow_text(error), error);
    return NULL;
}

static bool is_follow(const struct secret *text)
{
    return link_is_follow((const char *)secret_bytes(text), secret_len(text));
}

enum exit_code reference_refuse_follow(void)
{
    terminal_say("This is the sender's own link: it follows and revokes the handoff, and opens "
                 "nothing.");
    terminal_hint("Nothing was done. What redeems and confirms is the link with /h/ in it. Who has "
                  "this one can revoke: give it to nobody who should not.");
    return EXIT_USAGE;
}

struct link *reference_link(const char *word)
{
    struct secret *text = text_of(word);
    struct link *link = NULL;

    if (text != NULL && is_follow(text))
        (void)reference_refuse_follow();
    else if (text != NULL)
        link = parse_link(text);
    secret_free(text);
    return link;
}

/* A link of either kind. */
static enum exit_code read_link(struct reference *out, const char *word)
{
    struct secret *text = text_of(word);

    if (text != NULL && is_follow(text))
        out->follow = parse_follow(text);
    else if (text != NULL)
        out->link = parse_link(text);
    secret_free(text);
    if (out->follow != NULL)
        memcpy(out->id, out->follow->id, sizeof out->id);
    else if (out->link != NULL)
        memcpy(out->id, out->link->id, sizeof out->id);
    return out->follow != NULL || out->link != NULL ? EXIT_DONE : EXIT_USAGE;
}

/* ---- ids and parts of them ---- */

static void say_candidates(uint8_t (*ids)[ENCODING_ID_BYTES], size_t count, const char *where)
{
    for (size_t i = 0; i < count; i++) {
        char text[ENCODING_ID_TEXT + 1];

        encoding_id_format(text, ids[i]);
        terminal_hint("%s  (%s)", text, where);
    }
}

/* One id, or none that is one: those found in both folders count once. */
static enum exit_code choose(uint8_t id[16], uint8_t (*sent)[16], size_t sent_len,
                             uint8_t (*received)[16], size_t received_len, const char *part)
{
    const uint8_t *first = sent_len > 0 ? sent[0] : received_len > 0 ? received[0] : NULL;

    if (first == NULL) {
        terminal_say("This machine knows no handoff of that name.");
        terminal_hint("handoff list shows those that were sent from here; a link always works.");
        return EXIT_NOT_FOUND;
    }
    if (sent_len > 1 || received_len > 1 ||
        (received_len == 1 && memcmp(received[0], first, ENCODING_ID_BYTES) != 0)) {
        terminal_say("\"%s\" is part of more than one id. Nothing was done. It could be:", part);
        say_candidates(sent, sent_len, "sent");
        say_candidates(received, received_len, "received");
        return EXIT_USAGE;
    }
    memcpy(id, first, ENCODING_ID_BYTES);
    return EXIT_DONE;
}

static enum exit_code find_part(uint8_t id[16], const char *part)
{
    uint8_t(*sent)[ENCODING_ID_BYTES] = NULL;
    uint8_t(*received)[ENCODING_ID_BYTES] = NULL;
    size_t sent_len = 0;
    size_t received_len = 0;
    enum exit_code rc = EXIT_INTERNAL;

    if (strlen(part) < REFERENCE_PART_MIN) {
        terminal_say("A part of an id needs at least %d characters. Nothing was done.",
                     (int)REFERENCE_PART_MIN);
        return EXIT_USAGE;
    }
    if (state_find(&sent, &sent_len, STATE_SENT, part) == 0 &&
        state_find(&received, &received_len, STATE_RECEIVED, part) == 0)
        rc = choose(id, sent, sent_len, received, received_len, part);
    secret_heap_free(sent);
    secret_heap_free(received);
    return rc;
}

/* Only what can stand in an id is looked for as one: all else is meant to be a link. */
static bool looks_like_part(const char *word)
{
    return word[0] != '\0' && strcmp(word, "-") != 0 &&
           strspn(word, "0123456789abcdefABCDEF-") == strlen(word);
}

static int read_states(struct reference *r)
{
    int sent;
    int received;

    r->sent_state = state_new();
    r->received_state = state_new();
    if (r->sent_state == NULL || r->received_state == NULL) {
        terminal_say("Memory is short. Nothing was done.");
        return -1;
    }
    sent = state_read(r->sent_state, STATE_SENT, r->id);
    received = state_read(r->received_state, STATE_RECEIVED, r->id);
    r->sent =
        sent == 0 && (r->follow == NULL ||
                      sodium_memcmp(r->follow->manage_key, r->sent_state->key, KEYS_BYTES) == 0);
    r->received = received == 0;
    return sent < 0 || received < 0 ? -1 : 0;
}

enum exit_code reference_find(struct reference *out, const char *word)
{
    enum exit_code rc = EXIT_DONE;

    memset(out, 0, sizeof *out);
    if (word != NULL && encoding_id_parse(out->id, word, strlen(word)) == 0) {
        /* Whole, it means one handoff, whether this machine has seen it or not. */
    } else if (word != NULL && looks_like_part(word)) {
        rc = find_part(out->id, word);
    } else {
        rc = read_link(out, word);
    }
    if (rc == EXIT_DONE && read_states(out) != 0)
        rc = EXIT_INTERNAL;
    if (rc != EXIT_DONE)
        reference_clear(out);
    return rc;
}

const uint8_t *reference_manage_key(const struct reference *r)
{
    if (r->sent)
        return r->sent_state->key;
    return r->follow != NULL ? r->follow->manage_key : NULL;
}

const char *reference_base(const struct reference *r)
{
    if (r->sent)
        return r->sent_state->base;
    if (r->follow != NULL)
        return r->follow->base;
    if (r->received)
        return r->received_state->base;
    return r->link != NULL ? r->link->base : NULL;
}

void reference_clear(struct reference *r)
{
    state_free(r->sent_state);
    state_free(r->received_state);
    sodium_free(r->link);
    sodium_free(r->follow);
    memset(r, 0, sizeof *r);
}
