#include "cli/report/html.h"

#include "cli/report/chart.h"
#include "vault/protocol/encoding/encoding.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

enum { WORDS_MAX = 48, REFLESS_MAX = 20 };

static const char style[] =
    "*{box-sizing:border-box}\n"
    "body{margin:0 auto;padding:2rem 1.5rem 4rem;max-width:72rem;background:var(--paper);"
    "color:var(--ink);font:15px/1.5 system-ui,-apple-system,\"Segoe UI\",Roboto,Arial,sans-serif;"
    "font-variant-numeric:tabular-nums;overflow-wrap:break-word}\n"
    "h1{font-size:1.875rem;line-height:1.2;margin:.2rem 0 1rem}\n"
    "h2{font-size:1.25rem;margin:2.75rem 0 .75rem;padding-top:.75rem;border-top:2px solid}\n"
    "h3{font-size:1rem;margin:1.5rem 0 .25rem}h2,h3{break-after:avoid}\n"
    "p{max-width:46rem;margin:.5rem 0}a{color:var(--info)}\n"
    ".kicker,.none,small{color:var(--soft)}.kicker{margin:0;font-weight:600}\n"
    ".facts{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1.25rem;margin:1rem 0}\n"
    ".facts dt{color:var(--soft)}.facts dd{margin:0;overflow-wrap:anywhere}\n"
    "code,pre,.id{font:.8125em/1.4 ui-monospace,Menlo,Consolas,\"DejaVu Sans Mono\",monospace}\n"
    "pre{background:var(--card);border:1px solid var(--line);padding:.75rem 1rem;"
    "white-space:pre-wrap;overflow-wrap:anywhere;break-inside:avoid}\n"
    ".scroll{overflow-x:auto}.num{text-align:right}.alarm{color:var(--bad);font-weight:600}\n"
    "table{border-collapse:collapse;width:100%;font-size:.8125rem;line-height:1.4}\n"
    "caption{text-align:left;color:var(--soft);padding:.25rem 0 .5rem}tr,li{break-inside:avoid}\n"
    "th,td{text-align:left;vertical-align:top;padding:.4rem .75rem .4rem 0;border-bottom:1px solid "
    "var(--line)}thead th{border-bottom:1.5px solid var(--ink);vertical-align:bottom}\n"
    ".controls{min-width:38rem}.controls th:first-child{width:13rem}.all tbody "
    "th{font-weight:400}\n"
    ".all{min-width:64rem;font-size:.75rem}.all small,.all .id{display:block}.all .id,\n"
    ".all td:nth-child(3),.all td:nth-child(7){min-width:8rem;overflow-wrap:anywhere}\n"
    ".all .id{color:var(--soft);font-size:.6875rem;width:8rem}time,.keep,.state{white-space:nowrap}"
    "\n.state{display:inline-block;border:1px solid var(--mark,var(--idle));padding:0 .4rem;"
    "background:var(--mark-t,var(--idle-t));border-radius:3px;font-weight:600}\n"
    ".todo{border-left:3px solid var(--mark);padding-left:1rem;margin:1.25rem 0}.todo "
    "h3{margin:0}\n"
    ".todo ul{padding-left:1.25rem;margin:.5rem 0}:focus-visible{outline:2px solid var(--info)}\n"
    "@page{size:A4;margin:14mm 13mm}@page wide{size:A4 landscape}\n"
    "@media print{body{padding:0;max-width:none;font-size:10pt}h1{font-size:20pt}.page{page:wide}\n"
    "h2{font-size:13pt;margin-top:18pt}a{color:inherit;text-decoration:none}table{font-size:8pt}\n"
    "thead{display:table-header-group}.scroll,.plot{overflow:visible}.all{font-size:7.5pt}\n"
    ".all th,.all td{padding:.2rem .4rem .2rem 0}.all .id{font-size:6.5pt}\n"
    ".all,.controls,.wide svg{min-width:0}.tiles{grid-template-columns:repeat(4,1fr)}}\n";

/* ---- writing ---- */

static bool misleading(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x61c || (code | 1) == 0x200f ||
           (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

/* Writes s so that it can only be text, and all of it be seen. */
static void escape(FILE *out, const char *s, size_t len)
{
    size_t n;

    for (size_t i = 0; i < len; i += n) {
        uint32_t code = (uint8_t)s[i];

        n = code < 0x80 ? 1 : code < 0xe0 ? 2 : code < 0xf0 ? 3 : 4;
        if (n > len - i || !encoding_utf8_valid(s + i, n)) {
            (void)fprintf(out, "\\x%02X", (unsigned)code);
            n = 1;
            continue;
        }
        code &= n > 1 ? 0xffu >> (n + 1) : 0x7fu;
        for (size_t k = 1; k < n; k++)
            code = code << 6 | ((uint8_t)s[i + k] & 0x3fu);
        if (misleading(code))
            (void)fprintf(out, "\\u{%04X}", (unsigned)code);
        else if (code < 0x80 && strchr("<>&\"'", (int)code) != NULL)
            (void)fprintf(out, "&#%u;", (unsigned)code);
        else
            (void)fwrite(s + i, 1, n, out);
    }
}

/* As printf with %s, %u, %zu and %lld alone; each %s is escaped, so that forgetting it cannot
   happen. */
__attribute__((format(printf, 2, 3))) static void put(FILE *out, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    for (const char *p = format; *p != '\0'; p++) {
        if (*p != '%' || *++p == '%') {
            (void)putc(*p, out);
        } else if (*p == 's') {
            const char *s = va_arg(args, const char *);

            escape(out, s, strlen(s));
        } else if (*p == 'u') {
            (void)fprintf(out, "%u", va_arg(args, unsigned));
        } else if (*p++ == 'z') {
            (void)fprintf(out, "%zu", va_arg(args, size_t));
        } else {
            p++;
            (void)fprintf(out, "%lld", va_arg(args, long long));
        }
    }
    va_end(args);
}

/* 0 is what did not happen. */
static void put_time(FILE *out, int64_t at)
{
    const time_t t = (time_t)at;
    char local[WORDS_MAX], utc[WORDS_MAX];
    struct tm tm;

    if (at == 0)
        put(out, "<span class=\"none\">–</span>");
    else if (gmtime_r(&t, &tm) == NULL ||
             strftime(utc, sizeof utc, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0 ||
             localtime_r(&t, &tm) == NULL ||
             strftime(local, sizeof local, "%Y-%m-%d %H:%M %Z", &tm) == 0)
        put(out, "@%lld", (long long)at);
    else
        put(out, "<time datetime=\"%s\">%s</time>", utc, local);
}

/* ---- counting ---- */

struct figures {
    size_t states[CHART_KINDS];
    size_t opened, codes, refs, refless, receipts, claimants, refused, wrong_codes;
};

static struct figures count(const struct report *r)
{
    struct figures f = {0};

    for (size_t i = 0; i < r->count; i++) {
        const struct report_handoff *h = &r->handoffs[i];

        f.states[chart_state(h)->kind]++;
        f.opened += h->opened_at != 0;
        f.codes += h->code;
        f.refs += h->ref[0] != '\0';
        f.refless += h->ref[0] == '\0' && !h->erased;
        f.receipts += h->receipt_at != 0;
        f.claimants += h->receipt_at != 0 && h->receipt_claimant;
        f.refused += h->refused;
        f.wrong_codes += h->wrong_codes;
    }
    return f;
}

/* ---- key figures ---- */

static void key_figures(FILE *out, const struct report *r, const struct figures *f)
{
    put(out, "<section>\n<h2>Key figures</h2>\n<dl class=\"tiles\">\n");
    chart_tile(out, "", "Handoffs created", r->count, 0);
    chart_tile(out, "good", "Opened", f->opened, r->count);
    chart_tile(out, "good", "Confirmed", f->states[CHART_CONFIRMED], r->count);
    chart_tile(out, "warn", "Not yet confirmed", f->states[CHART_DELIVERED], 0);
    chart_tile(out, "bad", "Rejected", f->states[CHART_REJECTED], 0);
    chart_tile(out, "bad", "Lapsed", f->states[CHART_LAPSED], 0);
    chart_tile(out, "", "Expired unread", f->states[CHART_EXPIRED], 0);
    chart_tile(out, "", "Revoked", f->states[CHART_REVOKED], 0);
    chart_tile(out, "", "Still waiting", f->states[CHART_AVAILABLE] + f->states[CHART_CLAIMED], 0);
    chart_tile(out, "bad", "Refused late claims", f->refused, 0);
    chart_tile(out, "bad", "Wrong codes", f->wrong_codes, 0);
    chart_tile(out, "", "With an access code", f->codes, r->count);
    put(out, "</dl>\n");
}

/* ---- what needs attention ---- */

enum group { LOST, LATE, GUESSED, UNUSABLE, UNCONFIRMED, GROUPS };

static const struct {
    const char *class, *title, *todo;
} groups[GROUPS] = {
    {"bad", "Lapsed",
     "Change the credential and hand off the new one: this one was, or may have been, taken, and "
     "nobody acknowledged it."},
    {"bad", "Refused late claims",
     "Another party had the link and came too late. Ask the recipient whether it was them, on a "
     "second device. If not, the link leaked: unless the recipient opened it, change the "
     "credential."},
    {"bad", "Wrong access codes",
     "Somebody with the link gave a wrong code. Ask the recipient whether it was a slip. If not, "
     "the link leaked: revoke what is unopened and hand it off anew over another channel."},
    {"bad", "Rejected",
     "The recipient says that it cannot be used. Ask what is wrong, correct it, and hand it off "
     "under a new link."},
    {"warn", "Opened, not yet confirmed",
     "Ask the recipient to sign in with it, and to confirm or reject it."},
};

/* How often h gives a reason for the group. */
static unsigned concern(enum group group, const struct report_handoff *h)
{
    static const enum chart_kind kinds[GROUPS] = {
        [LOST] = CHART_LAPSED, [UNUSABLE] = CHART_REJECTED, [UNCONFIRMED] = CHART_DELIVERED};

    if (group == LATE)
        return h->refused;
    return group == GUESSED ? h->wrong_codes : chart_state(h)->kind == kinds[group];
}

static void put_detail(FILE *out, const struct report_handoff *h, const char *value)
{
    const char *absent = h->erased ? "erased" : "–";

    put(out, value[0] != '\0' ? "%s" : "<span class=\"none\">%s</span>",
        value[0] != '\0' ? value : absent);
}

static void concern_item(FILE *out, enum group group, const struct report_handoff *h)
{
    put(out, "<li><a href=\"#e%lld\">%s</a>", (long long)h->event,
        h->label[0] != '\0' ? h->label : h->id);
    put(out, h->recipient[0] != '\0' ? ", for %s" : "%s", h->recipient);
    put(out, h->ref[0] != '\0' ? ", reference %s" : "%s", h->ref);
    put(out, h->erased ? ", details erased, created " : ", created ");
    put_time(out, h->created_at);
    if (group == LATE || group == GUESSED)
        put(out, ": <b>%u×</b>", concern(group, h));
    else if (group == LOST && strcmp(h->cause, "restored") == 0)
        put(out, ": the service came back from a backup");
    else if (group == LOST && strcmp(h->cause, "revoked") == 0)
        put(out, ": revoked after it had been taken");
    else if (group == UNUSABLE && h->receipt_note[0] != '\0')
        put(out, ": “%s”", h->receipt_note);
    put(out, "</li>\n");
}

static void attention(FILE *out, const struct report *r)
{
    size_t any = 0;

    put(out, "<section>\n<h2>Needs attention</h2>\n");
    for (enum group g = LOST; g < GROUPS; g++) {
        size_t n = 0;

        for (size_t i = 0; i < r->count; i++)
            n += concern(g, &r->handoffs[i]) > 0;
        any += n;
        if (n == 0)
            continue;
        put(out, "<div class=\"todo %s\">\n<h3>%s (%zu)</h3>\n<p>%s</p>\n<ul>\n", groups[g].class,
            groups[g].title, n, groups[g].todo);
        for (size_t i = 0; i < r->count; i++)
            if (concern(g, &r->handoffs[i]) > 0)
                concern_item(out, g, &r->handoffs[i]);
        put(out, "</ul>\n</div>\n");
    }
    put(out, any > 0 ? "</section>\n" : "<p>Nothing.</p>\n</section>\n");
}

/* ---- all handoffs ---- */

static void opened_cell(FILE *out, const struct report_handoff *h)
{
    const int64_t at = h->opened_at != 0 ? h->opened_at : h->claimed_at;

    put(out, h->opened_at != 0 || at == 0 ? "<td>" : "<td>taken, not acknowledged: ");
    put_time(out, at);
    if (at != 0) {
        put(out, "<small>after ");
        chart_duration(out, at - h->created_at);
        put(out, h->late ? ", acknowledged late</small>" : "</small>");
    }
    put(out, "</td>");
}

static void receipt_cell(FILE *out, const struct report_handoff *h)
{
    const struct chart_state *s = chart_state(h);

    put(out, "<td>");
    if (h->receipt_at != 0) {
        put(out, "%s by ",
            s->kind == CHART_CONFIRMED || s->kind == CHART_REJECTED ? s->words : "receipt");
        put_detail(out, h, h->receipt_by);
        put(out, h->receipt_claimant ? "<small>" : "<small>not shown to be who opened it, ");
    }
    put_time(out, h->receipt_at);
    put(out, h->receipt_at != 0 ? "</small>" : "");
    put(out, h->receipt_note[0] != '\0' ? "“%s”</td>" : "%s</td>", h->receipt_note);
}

static void row(FILE *out, const struct report_handoff *h)
{
    const char *const details[] = {h->ref, h->label, h->recipient, h->sender};
    const struct chart_state *s = chart_state(h);

    put(out, "<tr id=\"e%lld\"><th scope=\"row\">", (long long)h->event);
    put_time(out, h->created_at);
    put(out, "</th>");
    for (size_t i = 0; i < sizeof details / sizeof details[0]; i++) {
        put(out, "<td>");
        put_detail(out, h, details[i]);
        put(out, i == 1 && h->code ? "<small>access code</small></td>" : "</td>");
    }
    opened_cell(out, h);
    receipt_cell(out, h);
    put(out, "<td>");
    if (h->refused > 0)
        put(out, "<div class=\"alarm\">%u refused</div>", h->refused);
    if (h->wrong_codes > 0)
        put(out, "<div class=\"alarm\">wrong code %u×</div>", h->wrong_codes);
    if (h->refused == 0 && h->wrong_codes == 0)
        put(out, "<span class=\"none\">–</span>");
    put(out, "</td><td><span class=\"state %s\">%s %s</span>", s->class, s->mark,
        s->kind != CHART_UNKNOWN ? s->words : h->state);
    put(out, h->cause[0] != '\0' ? "<small>burned: %s</small>" : "%s", h->cause);
    put(out, "</td><td>%lld<span class=\"id\">%s</span></td></tr>\n", (long long)h->event, h->id);
}

static void all(FILE *out, const struct report *r)
{
    put(out,
        "<section class=\"page\">\n<h2>All handoffs</h2>\n<div class=\"scroll\" role=\"region\" "
        "tabindex=\"0\" aria-label=\"All handoffs\">\n<table class=\"all\"><caption>%zu "
        "handoffs, oldest first. “Log entry” is the index of the creation in the log, and the "
        "id.</caption>\n<thead><tr><th scope=\"col\">Created</th><th scope=\"col\">Reference"
        "</th><th scope=\"col\">Label</th><th scope=\"col\">For</th><th scope=\"col\">Sender"
        "</th><th scope=\"col\">Opened</th><th scope=\"col\">Receipt</th><th scope=\"col\">"
        "Alarms</th><th scope=\"col\">State</th><th scope=\"col\">Log entry</th></tr></thead>\n"
        "<tbody>\n",
        r->count);
    for (size_t i = 0; i < r->count; i++)
        row(out, &r->handoffs[i]);
    if (r->count == 0)
        put(out, "<tr><td colspan=\"10\">None in this period.</td></tr>\n");
    put(out, "</tbody></table></div>\n</section>\n");
}

/* ---- controls ---- */

static void control(FILE *out, const char *name, const char *asks)
{
    put(out, "</td></tr>\n<tr><th scope=\"row\">%s</th><td>%s</td><td>", name, asks);
}

static void references(FILE *out, const struct report *r, const struct figures *f)
{
    size_t listed = 0;

    control(out, "SOC 2 CC6.2", "Access is authorised before credentials are issued");
    put(out,
        "Supports tracing to a ticket or an approval, which is kept where the reference "
        "points: %zu handoffs have a reference, %zu have none, of %zu it is erased.",
        f->refs, f->refless, r->count - f->refs - f->refless);
    for (size_t i = 0; i < r->count && listed < REFLESS_MAX; i++)
        if (r->handoffs[i].ref[0] == '\0' && !r->handoffs[i].erased)
            put(out, "%s<span class=\"id\">%s</span>",
                listed++ > 0 ? ", " : " Without: ", r->handoffs[i].id);
    if (f->refless > listed)
        put(out, " and %zu more", f->refless - listed);
}

static void controls(FILE *out, const struct report *r, const struct figures *f)
{
    put(out, "<section>\n<h2>Controls this supports</h2>\n<div class=\"scroll\"><table "
             "class=\"controls\"><caption>What can serve as evidence. It supports these controls "
             "and does not by itself fulfil them.</caption>\n<thead><tr><th scope=\"col\">Control"
             "</th><th scope=\"col\">Asks, in short</th><th scope=\"col\">Evidence here and in the "
             "log</th></tr></thead><tbody>\n"
             "<tr><th scope=\"row\">ISO/IEC 27002:2022 5.17 (a, b, d, f)</th><td>First secrets are "
             "unique and changed at first use (a), identity is checked before (b), users "
             "acknowledge receipt (d), records are kept (f)</td><td>");
    put(out,
        "Supports d by %zu receipts for %zu opened handoffs (handoff verify checks a receipt's "
        "signature), "
        "f by the table above and the log behind it, and b in part: %zu of %zu needed an access "
        "code besides the link. "
        "Whether a password was unique and was changed (a) shows in the target system only.",
        f->receipts, f->opened, f->codes, r->count);
    control(out, "ISO/IEC 27001:2022 A.8.15", "Events are logged; logs are kept and protected");
    put(out,
        "Supports it for handoffs: creation, claim, refusal, opening, receipt and removal of "
        "each are events of an append-only log, of %lld events so far.",
        (long long)r->log.size);
    control(out, "NIST SP 800-53 IA-5",
            "Authenticators are distributed and withdrawn by procedure");
    put(out,
        "Supports initial distribution: when, for whom, under which reference, and the "
        "outcome. After %zu lapsed handoffs the credential is to be changed.",
        f->states[CHART_LAPSED]);
    control(out, "NIST SP 800-53 AU-9", "Audit information is protected from change");
    put(out,
        "Supports detection: whoever kept an older checkpoint can see that no event under it "
        "was changed or removed. This log is consistent with %u of them.",
        r->log.checkpoints);
    control(out, "NIST SP 800-53 AU-10", "An act cannot be denied plausibly");
    put(out,
        "Supports it within the limits below: %zu of %zu receipts also show that they come "
        "from the party that opened the handoff.",
        f->claimants, f->receipts);
    references(out, r, f);
    control(out, "NIST SP 800-63B, records of authenticator events",
            "Date and time of an event, and its source, such as an address");
    put(out,
        "Supports the record of delivery: times are above; addresses, as far as recorded and "
        "not erased, are in the log's details (handoff evidence).</td></tr>\n</tbody></table>"
        "</div>\n<h3>Limits</h3>\n<ul>\n<li>An opening and a receipt prove possession of the "
        "link, and of the code where there was one, not a person. Names are as given.</li>\n"
        "<li>The sender made the link and holds it too.</li>\n<li>Times and addresses rest on "
        "the service; a receipt's time, on the machine that signed it.</li>\n</ul>\n</section>\n");
}

/* ---- how to check ---- */

static void check(FILE *out, const struct report *r)
{
    const char *line = r->log.note;

    put(out,
        "<section>\n<h2>How to check this page</h2>\n<dl class=\"facts\"><dt>Log</dt><dd>%s"
        "</dd><dt>Verifier key</dt><dd><code>%s</code></dd><dt>Size</dt><dd>%lld events</dd>"
        "<dt>Root hash</dt><dd><code>%s</code></dd></dl>\n<p>The checkpoint, as the service "
        "signed it:</p>\n<pre>",
        r->log.origin, r->log.key, (long long)r->log.size, r->log.root);
    for (const char *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        escape(out, line, (size_t)(end - line));
        put(out, "\n");
    }
    put(out,
        "%s</pre>\n<p>To verify the log anew against the checkpoints that your machine keeps, "
        "and to prove one handoff to others without the service:</p>\n<pre>handoff audit verify"
        "\nhandoff evidence ID --out FILE\nhandoff verify FILE --key KEY</pre>\n<p>ID is in the "
        "last column of the table. Get KEY by another way than this page.</p>\n<h3>Other events in "
        "the period</h3>\n<dl class=\"tiles\">\n",
        line);
    chart_tile(out, "", "Tokens added", r->log.tokens_added, 0);
    chart_tile(out, "", "Tokens revoked", r->log.tokens_revoked, 0);
    chart_tile(out, "", "Master key rotated", r->log.keys_rotated, 0);
    chart_tile(out, "", "Log key rotated", r->log.log_keys_rotated, 0);
    chart_tile(out, "warn", "Restored from a backup", r->log.restored, 0);
    chart_tile(out, "", "Details erased", r->log.erasures, 0);
    chart_tile(out, "", "Backups made", r->log.backups, 0);
    chart_tile(out, "", "Starts of the service", r->log.starts, 0);
    put(out, "</dl>\n</section>\n");
}

/* ---- the page ---- */

static void head(FILE *out, const struct report *r)
{
    put(out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
        "'unsafe-inline'\">\n<meta name=\"viewport\" content=\"width=device-width\">\n"
        "<title>Audit report: handoffs of %s</title>\n<style>\n",
        r->base);
    chart_style(out);
    (void)fputs(style, out);
    put(out, "</style>\n</head>\n<body>\n<header>\n<p class=\"kicker\">Audit report</p>\n"
             "<h1>Handoffs of credentials</h1>\n<dl class=\"facts\"><dt>Period</dt><dd>");
    if (r->from > 0)
        put_time(out, r->from);
    else
        put(out, "the log's beginning");
    put(out, " until before ");
    put_time(out, r->to);
    put(out, "</dd><dt>Service</dt><dd>%s</dd><dt>Made</dt><dd>", r->base);
    put_time(out, r->made_at);
    put(out,
        "</dd></dl>\n<p>This page lists the credentials handed off in the period and what "
        "became of each until the page was made; it was derived from the service's log, "
        "verified up to size %lld.</p>\n</header>\n<main>\n",
        (long long)r->log.size);
}

int html_write(FILE *out, const struct report *r)
{
    const struct figures f = count(r);
    int rc;

    errno = 0;
    head(out, r);
    key_figures(out, r, &f);
    rc = chart_times(out, r);
    put(out, "</section>\n");
    attention(out, r);
    put(out, "<section>\n<h2>Charts</h2>\n");
    chart_outcomes(out, r);
    if (rc != 0 || chart_waits(out, r) != 0)
        return -1;
    put(out, "</section>\n");
    all(out, r);
    controls(out, r, &f);
    check(out, r);
    put(out, "</main>\n</body>\n</html>\n");
    if (fflush(out) == 0 && !ferror(out))
        return 0;
    errno = errno != 0 ? errno : EIO;
    return -1;
}
