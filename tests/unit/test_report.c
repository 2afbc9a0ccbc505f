/* Goal: the audit report counts each state right, tells times as they were, and nothing that a
   sender, a recipient or the service wrote acts as markup or passes for other text. */
#include "cli/report/html.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HOUR_S = 3600, DAY_S = 24 * HOUR_S };

/* 2026-11-02 00:00 UTC, a Monday. */
static const int64_t start = 1793577600;

static struct report_handoff handoff(const char *state, int64_t event)
{
    struct report_handoff h = {.id = "00112233-4455-4677-8899-aabbccddeeff",
                               .label = "",
                               .recipient = "",
                               .ref = "",
                               .sender = "",
                               .receipt_by = "",
                               .receipt_note = "",
                               .cause = ""};

    h.state = state;
    h.event = event;
    h.created_at = start + event * HOUR_S;
    return h;
}

static struct report over(const struct report_handoff *handoffs, size_t count)
{
    const struct report r = {.base = "http://127.0.0.1:8088",
                             .from = start,
                             .to = start + 21 * DAY_S,
                             .made_at = start + 21 * DAY_S + 2 * HOUR_S + 5 * 60,
                             .log = {.origin = "log.example",
                                     .key = "log.example+0a0b0c0d+AQ",
                                     .root = "AAAA",
                                     .note = "log.example\n412\nAAAA\n\n— log.example sig\n",
                                     .size = 412},
                             .handoffs = handoffs,
                             .count = count};

    return r;
}

/* The page, which the caller frees. */
static char *page(const struct report *r)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    assert_non_null(out);
    assert_int_equal(html_write(out, r), 0);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(strlen(text), len);
    return text;
}

static char *page_of(const struct report_handoff *handoffs, size_t count)
{
    const struct report r = over(handoffs, count);

    return page(&r);
}

static void expect(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("the page lacks: %s", part);
}

static void expect_none(const char *text, const char *part)
{
    if (strstr(text, part) != NULL)
        fail_msg("the page has: %s", part);
}

static void expect_tile(const char *text, const char *name, unsigned count)
{
    char part[128];

    (void)snprintf(part, sizeof part, "<dt>%s</dt><dd>%u<", name, count);
    expect(text, part);
}

static void escapes(void **state)
{
    struct report_handoff h = handoff("rejected", 1);
    struct report r = over(&h, 1);
    char *text;

    (void)state;
    h.label = "<script>alert(1)</script>";
    h.recipient = "\"><img src='x'>&amp;";
    h.ref = "a\xe2\x80\xae"
            "b\xe2\x81\xa6"
            "c\xd8\x9c"
            "d\xe2\x80\x8f";
    h.sender = "x\ny\x1b\x7f\xc2\x85";
    h.receipt_by = "\xff\xc3(\xe2\x80";
    h.receipt_note = "Zürich ✓ %s %n";
    h.receipt_at = start + DAY_S;
    r.log.note = "line one\n<b>two</b>\n";
    r.log.origin = "<o>";
    r.base = "https://<base>";
    text = page(&r);
    expect_none(text, "<script");
    expect_none(text, "<img");
    expect_none(text, "<b>two");
    expect_none(text, "<o>");
    expect_none(text, "<base>");
    expect(text, "&#60;script&#62;alert(1)&#60;/script&#62;");
    expect(text, "&#34;&#62;&#60;img src=&#39;x&#39;&#62;&#38;amp;");
    expect(text, "a\\u{202E}b\\u{2066}c\\u{061C}d\\u{200F}");
    expect(text, "x\\u{000A}y\\u{001B}\\u{007F}\\u{0085}");
    expect(text, "\\xFF\\xC3(\\xE2\\x80");
    expect(text, "Zürich ✓ %s %n");
    expect(text, "line one\n&#60;b&#62;two&#60;/b&#62;\n");
    free(text);
}

/* Nothing is loaded and nothing runs: every src and href stays within the page. */
static void is_self_contained(void **state)
{
    struct report_handoff h = handoff("lapsed", 3);
    char *text;

    (void)state;
    h.label = "https://evil.example/";
    text = page_of(&h, 1);
    expect(text, "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                 "style-src 'unsafe-inline'\">");
    expect(text, "<html lang=\"en\">");
    for (const char *p = text; (p = strstr(p, "href=\"")) != NULL; p++)
        assert_int_equal(p[6], '#');
    for (const char *p = text; (p = strstr(p, "url(")) != NULL; p++)
        assert_int_equal(p[4], '#');
    expect_none(text, "<script");
    expect_none(text, "src=\"");
    expect_none(text, "@import");
    expect_none(text, "<link");
    expect_none(text, "onload");
    expect(text, "href=\"#e3\"");
    expect(text, "<tr id=\"e3\"");
    free(text);
}

static void counts_states(void **state)
{
    static const char *const states[] = {"confirmed", "confirmed", "confirmed", "confirmed",
                                         "delivered", "delivered", "rejected",  "lapsed",
                                         "lapsed",    "lapsed",    "expired",   "revoked",
                                         "revoked",   "available", "claimed"};
    enum { COUNT = sizeof states / sizeof states[0] };
    struct report_handoff all[COUNT];
    char *text;

    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        all[i] = handoff(states[i], (int64_t)i);
        all[i].opened_at = i < 7 ? all[i].created_at + 60 : 0;
        all[i].ref = i < 5 ? "CHG-1" : "";
        all[i].erased = i == 14;
    }
    all[2].refused = 2;
    all[9].refused = 3;
    all[1].wrong_codes = 4;
    all[0].code = true;
    text = page_of(all, COUNT);
    expect_tile(text, "Handoffs created", COUNT);
    expect(text, "<dt>Opened</dt><dd>7 <small>47 %</small>");
    expect(text, "<dt>Confirmed</dt><dd>4 <small>27 %</small>");
    expect(text, "<dt>With an access code</dt><dd>1 <small>7 %</small>");
    expect_tile(text, "Not yet confirmed", 2);
    expect_tile(text, "Rejected", 1);
    expect_tile(text, "Lapsed", 3);
    expect_tile(text, "Expired unread", 1);
    expect_tile(text, "Revoked", 2);
    expect_tile(text, "Still waiting", 2);
    expect_tile(text, "Refused late claims", 5);
    expect_tile(text, "Wrong codes", 4);
    expect(text, "<h3>Lapsed (3)</h3>");
    expect(text, "<h3>Refused late claims (2)</h3>");
    expect(text, "<h3>Wrong access codes (1)</h3>");
    expect(text, "<h3>Opened, not yet confirmed (2)</h3>");
    expect(text, "5 handoffs have a reference, 9 have none, of 1 it is erased.");
    expect(text, "11-02: 15, 4 confirmed, 2 opened, no receipt yet, 2 waiting or being taken, 4 "
                 "lapsed or rejected, 3 expired unread or revoked.");
    free(text);
}

/* Ten times to open, 1 to 10 hours and 5 minutes each: the median is the 5th, the 90th percentile
   the 9th. */
static void tells_percentiles(void **state)
{
    struct report_handoff all[10];
    char *text;

    (void)state;
    for (int64_t i = 0; i < 10; i++) {
        all[i] = handoff("delivered", i);
        all[i].opened_at = all[i].created_at + (10 - i) * HOUR_S + 5 * 60;
    }
    all[0].state = "confirmed";
    all[0].receipt_at = all[0].opened_at + 3 * DAY_S + 4 * HOUR_S + 59;
    all[1].state = "confirmed";
    all[1].receipt_at = all[1].opened_at + 4 * 60 + 59;
    all[2].state = "confirmed";
    all[2].receipt_at = all[2].opened_at - 30; /* by a clock that is behind */
    text = page_of(all, 10);
    expect(text, "<th scope=\"row\">Time to open (from creation)</th><td class=\"num\">10</td>"
                 "<td class=\"num\"><span class=\"keep\">5 h 5 min</span></td>"
                 "<td class=\"num\"><span class=\"keep\">9 h 5 min</span></td>"
                 "<td class=\"num\"><span class=\"keep\">10 h 5 min</span></td>");
    expect(text, "<td class=\"num\">3</td>"
                 "<td class=\"num\"><span class=\"keep\">4 min</span></td>"
                 "<td class=\"num\"><span class=\"keep\">3 d 4 h</span></td>"
                 "<td class=\"num\"><span class=\"keep\">3 d 4 h</span></td>");
    expect(text, "&lt;4 h: 3; &lt;1 d: 7.");
    expect(text, "&lt;5 min: 2; &lt;7 d: 1.");
    free(text);
}

static void tells_times(void **state)
{
    struct report_handoff h = handoff("confirmed", 12);
    char *text;

    (void)state;
    h.opened_at = start + 13 * HOUR_S;
    h.receipt_at = start + 14 * HOUR_S;
    text = page_of(&h, 1);
    expect(text, "<time datetime=\"2026-11-23T02:05:00Z\">2026-11-23 03:05 CET</time>");
    expect(text, "<time datetime=\"2026-11-02T12:00:00Z\">2026-11-02 13:00 CET</time>");
    expect(text, "verified up to size 412.");
    expect(text, "not shown to be who opened it");
    free(text);
}

static void tells_erasure(void **state)
{
    struct report_handoff h = handoff("available", 1);
    char *text;

    (void)state;
    text = page_of(&h, 1);
    expect_none(text, ">erased<");
    free(text);
    h.erased = true;
    text = page_of(&h, 1);
    expect(text, ">erased<");
    free(text);
}

static void empty_period(void **state)
{
    struct report r = over(NULL, 0);
    char *text;

    (void)state;
    text = page(&r);
    expect_tile(text, "Handoffs created", 0);
    expect(text, "<p>Nothing.</p>");
    expect(text, "None in this period.");
    expect(text, "<td class=\"num\">0</td><td class=\"num\">–</td>");
    expect_none(text, "nan");
    free(text);
    r.from = 0;
    r.to = 0;
    text = page(&r);
    expect(text, "the log's beginning");
    free(text);
}

/* The bars stay few, however long the period is. */
static void long_periods(void **state)
{
    static const struct {
        int64_t days;
        const char *title;
    } cases[] = {{62, "in each day"},    {63, "in each week"},    {731, "in each week"},
                 {733, "in each month"}, {20000, "in each year"}, {INT32_MAX, "in each year"}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct report_handoff h = handoff("available", 1);
        struct report r = over(&h, 1);
        char *text;

        r.to = start + cases[i].days * DAY_S;
        r.made_at = r.to;
        text = page(&r);
        expect(text, cases[i].title);
        expect(text, ": 1, 1 waiting or being taken.");
        free(text);
    }
}

static void full_disk(void **state)
{
    const struct report r = over(NULL, 0);
    FILE *out = fopen("/dev/full", "w");

    (void)state;
    assert_non_null(out);
    assert_int_equal(html_write(out, &r), -1);
    assert_int_equal(errno, ENOSPC);
    (void)fclose(out);
}

/* A zone that needs no time zone files. */
static int zone(void **state)
{
    (void)state;
    return setenv("TZ", "CET-1", 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(escapes),       cmocka_unit_test(is_self_contained),
        cmocka_unit_test(counts_states), cmocka_unit_test(tells_percentiles),
        cmocka_unit_test(tells_times),   cmocka_unit_test(tells_erasure),
        cmocka_unit_test(empty_period),  cmocka_unit_test(long_periods),
        cmocka_unit_test(full_disk),
    };

    return cmocka_run_group_tests(tests, zone, NULL);
}
