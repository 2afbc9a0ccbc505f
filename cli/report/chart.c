#include "cli/report/chart.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    SERIES = 5,
    BARS_MAX = 128,
    LABEL_MAX = 24,
    TITLE_MAX = 64,
    CAPTION_MAX = 256,
    DAY_S = 86400
};

/* The picture, in its own units: about pixels. A number of two digits needs its width and
   height. */
enum { HEIGHT = 236, LEFT = 34, RIGHT = 6, TOP = 22, BOTTOM = 26 };
enum { NUMBER_WIDTH = 18, NUMBER_HEIGHT = 12 };

struct bar {
    char label[LABEL_MAX];
    size_t of[SERIES];
    size_t total;
};

struct chart {
    const char *id, *title, *caption;
    size_t series; /* 1, or SERIES */
    size_t count;
    double width, label_width;
    struct bar bars[BARS_MAX];
};

static const char *const outcomes[SERIES] = {"confirmed", "opened, no receipt yet",
                                             "waiting or being taken", "lapsed or rejected",
                                             "expired unread or revoked"};

static const struct chart_state states[CHART_KINDS] = {
    {"confirmed", "✓", "confirmed", "good", CHART_CONFIRMED, 0},
    {"delivered", "○", "opened", "warn", CHART_DELIVERED, 1},
    {"rejected", "✗", "rejected", "bad", CHART_REJECTED, 3},
    {"lapsed", "!", "lapsed", "bad", CHART_LAPSED, 3},
    {"expired", "–", "expired", "", CHART_EXPIRED, 4},
    {"revoked", "–", "revoked", "", CHART_REVOKED, 4},
    {"available", "…", "waiting", "info", CHART_AVAILABLE, 2},
    {"claimed", "…", "being taken", "info", CHART_CLAIMED, 2},
    {"", "?", "unknown", "", CHART_UNKNOWN, SERIES},
};

const struct chart_state *chart_state(const struct report_handoff *h)
{
    size_t i = 0;

    while (i < CHART_UNKNOWN && strcmp(states[i].name, h->state) != 0)
        i++;
    return &states[i];
}

/* ---- drawing ---- */

void chart_style(FILE *out)
{
    (void)fputs(
        ":root{color-scheme:light;--ink:#1c2530;--soft:#566170;--line:#d3d9e0;--paper:#fff;"
        "--card:#f5f7f9;--good:#256645;--good-t:#bfe0cd;--warn:#855300;--warn-t:#f6e3b8;"
        "--bad:#a02832;--bad-t:#f7d0d0;--info:#23527c;--info-t:#c6dcee;--idle:#566170;"
        "--idle-t:#e2e6ea}\n"
        "@media screen and (prefers-color-scheme:dark){:root{color-scheme:dark;--ink:#e3e8ed;"
        "--soft:#a6b1bd;--line:#39434e;--paper:#14191e;--card:#1c232a;--good:#7fcaa5;"
        "--good-t:#1f4c37;--warn:#e4b65f;--warn-t:#4d3a12;--bad:#f29c9c;--bad-t:#5c2429;"
        "--info:#90bfe8;--info-t:#213f5a;--idle:#a6b1bd;--idle-t:#343d47}}\n"
        ".good{--mark:var(--good);--mark-t:var(--good-t)}.bad{--mark:var(--bad);"
        "--mark-t:var(--bad-t)}\n"
        ".warn{--mark:var(--warn);--mark-t:var(--warn-t)}.info{--mark:var(--info);"
        "--mark-t:var(--info-t)}\n"
        ".tiles{display:grid;grid-template-columns:repeat(auto-fill,minmax(9.5rem,1fr));gap:.6rem;"
        "margin:1rem 0 1.5rem}\n"
        ".tiles div{background:var(--card);border:1px solid var(--line);border-top:3px solid "
        "var(--mark,var(--idle));padding:.5rem .75rem;break-inside:avoid}\n"
        ".tiles dt{font-size:.8125rem;color:var(--soft)}.tiles small{font-size:.875rem;"
        "font-weight:400}.tiles dd{margin:0;font-size:1.5rem;font-weight:600;line-height:1.3}\n"
        ".times{max-width:46rem}\n"
        "figure{margin:0;break-inside:avoid;min-width:0}\n"
        "figcaption{font-size:.8125rem;color:var(--soft);margin:.25rem 0 0}\n"
        ".plot{overflow-x:auto}\n"
        ".plot svg{display:block;width:100%;height:auto}\n"
        ".wide svg{min-width:38rem}\n"
        "svg text{font-size:11px;fill:var(--soft);font-variant-numeric:tabular-nums}\n"
        "svg .num{fill:var(--ink);paint-order:stroke;stroke:var(--paper);stroke-width:2.5px;"
        "stroke-linejoin:round;text-anchor:middle}\n"
        "svg .tot{fill:var(--ink);font-weight:600;text-anchor:middle}\n"
        "svg .turn{font-size:9px;fill:var(--ink)}svg .mid{text-anchor:middle}\n"
        "svg .end{text-anchor:end}.grid{stroke:var(--line)}.axis{stroke:var(--soft)}\n"
        ".s0{fill:var(--good-t);stroke:var(--good)}\n"
        ".s1{fill:url(#p1);stroke:var(--warn)}\n"
        ".s2{fill:url(#p2);stroke:var(--info)}\n"
        ".s3{fill:url(#p3);stroke:var(--bad)}\n"
        ".s4{fill:url(#p4);stroke:var(--idle)}\n"
        ".s5{fill:var(--info-t);stroke:var(--info)}\n"
        ".legend{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;list-style:none;padding:0;"
        "margin:.5rem 0;font-size:.8125rem}\n"
        ".legend svg{width:20px;height:12px;vertical-align:-1px;margin-right:.4rem}\n"
        ".waits{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(20rem,100%),1fr));"
        "gap:1.5rem 2.5rem}\n",
        out);
}

void chart_tile(FILE *out, const char *class, const char *words, size_t n, size_t of)
{
    (void)fprintf(out, "<div class=\"%s\"><dt>%s</dt><dd>%zu", n > 0 ? class : "", words, n);
    if (of > 0)
        (void)fprintf(out, " <small>%zu %%</small>", (n * 100 + of / 2) / of);
    (void)fputs("</dd></div>\n", out);
}

static void patterns(FILE *out)
{
    static const struct {
        const char *colour, *marks;
    } all[] = {{"warn", "M-2 2L2-2M0 8L8 0M6 10L10 6"},
               {"info", "M3.5 4h1"},
               {"bad", "M0 0L8 8M0 8L8 0"},
               {"idle", "M0 2h8M0 6h8"}};

    (void)fputs("<defs>", out);
    for (unsigned i = 0; i < sizeof all / sizeof all[0]; i++)
        (void)fprintf(
            out,
            "<pattern id=\"p%u\" width=\"8\" height=\"8\" patternUnits=\"userSpaceOnUse\">"
            "<rect width=\"8\" height=\"8\" style=\"fill:var(--%s-t);stroke:none\"/>"
            "<path d=\"%s\" style=\"stroke:var(--%s);opacity:.55\"/></pattern>",
            i + 1, all[i].colour, all[i].marks, all[i].colour);
    (void)fputs("</defs>\n", out);
}

/* The distance of grid lines that are round numbers: at most five of them up to most. */
static size_t grid_step(size_t most)
{
    for (size_t power = 1;; power *= 10)
        for (size_t i = 0; i < 3; i++) {
            static const size_t round[] = {1, 2, 5};

            if (most <= round[i] * power * 5)
                return round[i] * power;
        }
}

static double plot_height(size_t value, size_t top)
{
    return (double)value * (HEIGHT - TOP - BOTTOM) / (double)top;
}

static void draw_grid(FILE *out, const struct chart *c, size_t step, size_t top)
{
    for (size_t value = 0; value <= top; value += step) {
        const double y = HEIGHT - BOTTOM - plot_height(value, top);

        (void)fprintf(out,
                      "<path class=\"%s\" d=\"M%d %.1fH%.0f\"/>"
                      "<text class=\"end\" x=\"%d\" y=\"%.1f\">%zu</text>\n",
                      value == 0 ? "axis" : "grid", LEFT, y, c->width - RIGHT, LEFT - 6, y + 4,
                      value);
    }
}

static void draw_bar(FILE *out, const struct chart *c, const struct bar *bar, size_t top, double x,
                     double width)
{
    const double middle = x + width / 2;
    double y = HEIGHT - BOTTOM;

    for (size_t s = 0; s < c->series; s++) {
        const double height = plot_height(bar->of[s], top);

        if (bar->of[s] == 0)
            continue;
        y -= height;
        (void)fprintf(out,
                      "<rect class=\"s%zu\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>",
                      c->series > 1 ? s : SERIES, x, y, width, height);
        /* A part that is all of the bar has its number above it already. */
        if (bar->of[s] < bar->total && height >= NUMBER_HEIGHT && width >= NUMBER_WIDTH / 2.0)
            (void)fprintf(out, "<text class=\"num\" x=\"%.1f\" y=\"%.1f\">%zu</text>", middle,
                          y + height / 2 + 4, bar->of[s]);
    }
    if (bar->total == 0 && c->series > 1)
        return;
    if (width >= NUMBER_WIDTH / 2.0)
        (void)fprintf(out, "<text class=\"tot\" x=\"%.1f\" y=\"%.1f\">%zu</text>\n", middle, y - 5,
                      bar->total);
    else
        (void)fprintf(out,
                      "<text class=\"turn\" transform=\"translate(%.1f %.1f) rotate(-90)\">%zu"
                      "</text>\n",
                      middle + 3, y - 3, bar->total);
}

static void draw_bars(FILE *out, const struct chart *c)
{
    const double step = (c->width - LEFT - RIGHT) / (double)(c->count > 0 ? c->count : 1);
    const size_t every = (size_t)(c->label_width / step) + 1;
    size_t most = 1;
    size_t grid;
    size_t top;

    for (size_t i = 0; i < c->count; i++)
        most = c->bars[i].total > most ? c->bars[i].total : most;
    grid = grid_step(most);
    top = (most + grid - 1) / grid * grid;
    draw_grid(out, c, grid, top);
    for (size_t i = 0; i < c->count; i++) {
        const double gap = step > 60 ? step * .25 : step * .15;
        const double x = LEFT + step * (double)i;

        draw_bar(out, c, &c->bars[i], top, x + gap / 2, step - gap);
        if (i % every == 0 && x + (step + c->label_width) / 2 <= c->width)
            (void)fprintf(out, "<text class=\"mid\" x=\"%.1f\" y=\"%d\">%s</text>\n", x + step / 2,
                          HEIGHT - 8, c->bars[i].label);
    }
}

/* The same in words, for who does not see the picture. */
static void describe(FILE *out, const struct chart *c)
{
    size_t written = 0;

    for (size_t i = 0; i < c->count; i++) {
        const struct bar *bar = &c->bars[i];

        if (bar->total == 0)
            continue;
        (void)fprintf(out, "%s%s: %zu", written++ > 0 ? "; " : "", bar->label, bar->total);
        for (size_t s = 0; c->series > 1 && s < SERIES; s++)
            if (bar->of[s] > 0)
                (void)fprintf(out, ", %zu %s", bar->of[s], outcomes[s]);
    }
    (void)fputs(written > 0 ? "." : "Nothing in the period.", out);
}

static void draw(FILE *out, const struct chart *c)
{
    (void)fprintf(out,
                  "<div class=\"plot%s\"%s>\n"
                  "<svg viewBox=\"0 0 %.0f %d\" role=\"img\" aria-labelledby=\"%s-t %s-d\">\n"
                  "<title id=\"%s-t\">%s</title><desc id=\"%s-d\">",
                  c->series > 1 ? " wide" : "",
                  c->series > 1 ? " role=\"region\" tabindex=\"0\" aria-label=\"Chart\"" : "",
                  c->width, HEIGHT, c->id, c->id, c->id, c->title, c->id);
    describe(out, c);
    (void)fputs("</desc>\n", out);
    if (c->series > 1)
        patterns(out);
    draw_bars(out, c);
    (void)fprintf(out, "</svg></div>\n<figcaption>%s</figcaption>\n", c->caption);
}

/* ---- handoffs over time ---- */

static const struct unit {
    const char *name;
    int label_from, label_len; /* the part of YYYY-MM-DD that names it */
    double label_width;
    int days, months;  /* one of them: how long it is */
    int64_t longest_d; /* the days it is good for; the last is for all */
} units[] = {
    {"day", 5, 5, 36, 1, 0, 62},
    {"week", 0, 10, 66, 7, 0, 731},
    {"month", 0, 7, 48, 0, 1, 3653},
    {"year", 0, 4, 32, 0, 12, 0},
};

/* When bar i begins. Counted in the calendar: where the clocks change a day is not 86400 s. */
static time_t bar_start(time_t first, const struct unit *u, size_t i)
{
    struct tm tm;

    if (localtime_r(&first, &tm) == NULL)
        return first;
    tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
    tm.tm_isdst = -1;
    if (u->months > 0)
        tm.tm_mday = 1;
    if (u->months == 12)
        tm.tm_mon = 0;
    tm.tm_mday += u->days * (int)i;
    tm.tm_mon += u->months * (int)i;
    return mktime(&tm);
}

/* Makes the bars, and counts the handoffs, which are in order of time, into them. */
static void fill(struct chart *c, const struct report *r, const struct unit *u, time_t first,
                 int64_t end)
{
    size_t next = 0;

    for (c->count = 0; c->count < BARS_MAX; c->count++) {
        const time_t start = bar_start(first, u, c->count);
        const time_t after = bar_start(first, u, c->count + 1);
        struct bar *bar = &c->bars[c->count];
        char date[LABEL_MAX];
        struct tm tm;

        if (c->count > 0 && (int64_t)start >= end)
            break;
        if (localtime_r(&start, &tm) != NULL && strftime(date, sizeof date, "%Y-%m-%d", &tm) > 0)
            (void)snprintf(bar->label, sizeof bar->label, "%.*s", u->label_len,
                           date + u->label_from);
        for (; next < r->count && r->handoffs[next].created_at < (int64_t)after; next++) {
            const size_t outcome = chart_state(&r->handoffs[next])->outcome;

            if (outcome == SERIES)
                continue;
            bar->of[outcome]++;
            bar->total++;
        }
    }
}

static void legend(FILE *out, const struct chart *c)
{
    (void)fputs("<ul class=\"legend\">\n", out);
    for (size_t s = 0; s < SERIES; s++) {
        size_t total = 0;

        for (size_t i = 0; i < c->count; i++)
            total += c->bars[i].of[s];
        (void)fprintf(out,
                      "<li><svg viewBox=\"0 0 20 12\" aria-hidden=\"true\"><rect class=\"s%zu\" "
                      "x=\".5\" y=\".5\" width=\"19\" height=\"11\"/></svg>%s: <b>%zu</b></li>\n",
                      s, outcomes[s], total);
    }
    (void)fputs("</ul>\n", out);
}

void chart_outcomes(FILE *out, const struct report *r)
{
    struct chart c = {.id = "c1", .series = SERIES, .width = 860};
    char title[TITLE_MAX], caption[CAPTION_MAX];
    int64_t first = r->from;
    int64_t end = r->to < r->made_at ? r->to : r->made_at; /* no bars for what is yet to come */
    const struct unit *u = units;

    if (first <= 0)
        first = r->count > 0 ? r->handoffs[0].created_at : end;
    if (end <= first)
        end = r->to > first ? first + 1 : first;
    while (u->months < 12 && end - first > u->longest_d * DAY_S + DAY_S / 2)
        u++;
    (void)snprintf(title, sizeof title, "Handoffs created in each %s, by outcome", u->name);
    (void)snprintf(
        caption, sizeof caption,
        "Each bar is a %s of local time, named by its beginning. Above it is how many "
        "handoffs were created, within it how many of each outcome, where there is room.",
        u->name);
    c.title = title;
    c.caption = caption;
    c.label_width = u->label_width;
    fill(&c, r, u, (time_t)first, end);
    (void)fprintf(out, "<figure>\n<h3>%s</h3>\n", c.title);
    legend(out, &c);
    draw(out, &c);
    (void)fputs("</figure>\n", out);
}

/* ---- how long it took ---- */

struct waits {
    int64_t *seconds; /* sorted */
    size_t count;
};

static int by_size(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

/* From creation to opening, or from opening to receipt. A receipt's time is by its signer's clock,
   and may come before the opening. */
static int collect(struct waits *w, const struct report *r, bool receipts)
{
    w->count = 0;
    w->seconds = calloc(r->count + 1, sizeof *w->seconds);
    if (w->seconds == NULL)
        return -1;
    for (size_t i = 0; i < r->count; i++) {
        const struct report_handoff *h = &r->handoffs[i];
        const int64_t s = receipts ? h->receipt_at - h->opened_at : h->opened_at - h->created_at;

        if (h->opened_at != 0 && (!receipts || h->receipt_at != 0))
            w->seconds[w->count++] = s > 0 ? s : 0;
    }
    qsort(w->seconds, w->count, sizeof *w->seconds, by_size);
    return 0;
}

void chart_duration(FILE *out, int64_t seconds)
{
    const long long s = seconds > 0 ? seconds : 0;

    if (s < 60)
        (void)fprintf(out, "<span class=\"keep\">%lld s</span>", s);
    else if (s < 3600)
        (void)fprintf(out, "<span class=\"keep\">%lld min</span>", s / 60);
    else if (s < DAY_S)
        (void)fprintf(out, "<span class=\"keep\">%lld h %lld min</span>", s / 3600, s / 60 % 60);
    else
        (void)fprintf(out, "<span class=\"keep\">%lld d %lld h</span>", s / DAY_S, s / 3600 % 24);
}

static const char *const wait_titles[] = {"Time to open (from creation)",
                                          "Time to confirm or reject (from opening)"};

/* Percentiles are of the nearest rank: times that occurred, none between two. */
int chart_times(FILE *out, const struct report *r)
{
    static const size_t percents[] = {50, 90, 100};

    (void)fputs("<div class=\"scroll\"><table class=\"times\"><caption>How long it "
                "took</caption><thead><tr>"
                "<th scope=\"col\">Time</th><th scope=\"col\" class=\"num\">Handoffs</th>"
                "<th scope=\"col\" class=\"num\">Median</th><th scope=\"col\" class=\"num\">90th "
                "percentile</th><th scope=\"col\" class=\"num\">Slowest</th></tr></thead><tbody>\n",
                out);
    for (size_t k = 0; k < 2; k++) {
        struct waits w;

        if (collect(&w, r, k == 1) != 0)
            return -1;
        (void)fprintf(out, "<tr><th scope=\"row\">%s</th><td class=\"num\">%zu</td>",
                      wait_titles[k], w.count);
        for (size_t i = 0; i < sizeof percents / sizeof percents[0]; i++) {
            (void)fputs(w.count > 0 ? "<td class=\"num\">" : "<td class=\"num\">–", out);
            if (w.count > 0)
                chart_duration(out, w.seconds[(w.count * percents[i] + 99) / 100 - 1]);
            (void)fputs("</td>", out);
        }
        (void)fputs("</tr>\n", out);
        free(w.seconds);
    }
    (void)fputs("</tbody></table></div>\n", out);
    return 0;
}

static void histogram(FILE *out, size_t which, const struct waits *w)
{
    static const char *const labels[] = {"&lt;5 min", "&lt;1 h", "&lt;4 h", "&lt;1 d",
                                         "&lt;3 d",   "&lt;7 d", "more"};
    static const int64_t below_s[] = {300, 3600, 14400, DAY_S, 3 * DAY_S, 7 * DAY_S, INT64_MAX};
    struct chart c = {.id = which == 0 ? "c2" : "c3",
                      .title = wait_titles[which],
                      .width = 410,
                      .series = 1,
                      .count = sizeof labels / sizeof labels[0]};

    c.caption = which == 0
                    ? "Opened handoffs, by how long that took. Each bar begins where the one "
                      "before it ends."
                    : "Handoffs with a receipt, by how long that took after the opening.";
    for (size_t i = 0; i < c.count; i++)
        (void)snprintf(c.bars[i].label, sizeof c.bars[i].label, "%s", labels[i]);
    for (size_t i = 0; i < w->count; i++) {
        size_t bin = 0;

        while (bin + 1 < c.count && w->seconds[i] >= below_s[bin])
            bin++;
        c.bars[bin].of[0]++;
        c.bars[bin].total++;
    }
    (void)fprintf(out, "<figure>\n<h3>%s</h3>\n", c.title);
    draw(out, &c);
    (void)fputs("</figure>\n", out);
}

int chart_waits(FILE *out, const struct report *r)
{
    (void)fputs("<div class=\"waits\">\n", out);
    for (size_t k = 0; k < 2; k++) {
        struct waits w;

        if (collect(&w, r, k == 1) != 0)
            return -1;
        histogram(out, k, &w);
        free(w.seconds);
    }
    (void)fputs("</div>\n", out);
    return 0;
}
