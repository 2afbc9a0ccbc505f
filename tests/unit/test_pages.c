/*
 * Goal: a client gets the page in the language and the form that it would rather have, whatever it
 * sends as its wishes; and the files that were built in are whole.
 */
#include "api/http/accept.h"
#include "api/pages/pages.h"
#include "tests/unit/unit.h"

#include <string.h>

static void test_weights(void **state)
{
    static const struct {
        const char *field, *name;
        int weight;
    } cases[] = {
        {NULL, "gzip", ACCEPT_UNNAMED},
        {"", "gzip", ACCEPT_UNNAMED},
        {"gzip", "gzip", 1000},
        {"GZIP", "gzip", 1000},
        {"gzip, br", "br", 1000},
        {"gzip;q=0.5", "gzip", 500},
        {"gzip; q=0.123", "gzip", 123},
        {"gzip ;q=0", "gzip", 0},
        {"gzip;q=0.0", "gzip", 0},
        {"gzip;q=1.000", "gzip", 1000},
        {"gzip;q=1.001", "gzip", ACCEPT_UNNAMED},
        {"gzip;q=2", "gzip", ACCEPT_UNNAMED},
        {"gzip;q=0.1234", "gzip", ACCEPT_UNNAMED},
        {"gzip;q=", "gzip", ACCEPT_UNNAMED},
        {"gzip;q=x", "gzip", ACCEPT_UNNAMED},
        {"gzip;x=1", "gzip", ACCEPT_UNNAMED},
        {"gzip;q=-1, br", "br", 1000},
        {"*", "br", 1000},
        {"*;q=0.2, gzip;q=0.7", "gzip", 700},
        {"*;q=0.2, gzip;q=0.7", "br", 200},
        {"br;q=0, *", "br", 0},
        {"brotli", "br", ACCEPT_UNNAMED},
        {"b", "br", ACCEPT_UNNAMED},
        {"de-AT,de;q=0.8,en;q=0.5", "de", 1000},
        {"de-AT,de;q=0.8,en;q=0.5", "en", 500},
        {"den", "de", ACCEPT_UNNAMED},
        {",,, de ,,", "de", 1000},
        {";;;", "de", ACCEPT_UNNAMED},
        {"de;", "de", 1000},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(accept_weight(cases[i].field, cases[i].name), cases[i].weight);
}

static void test_the_form_that_is_wanted(void **state)
{
    (void)state;
    assert_int_equal(pages_coding_for(NULL), PAGES_IDENTITY);
    assert_int_equal(pages_coding_for("identity"), PAGES_IDENTITY);
    assert_int_equal(pages_coding_for("gzip, deflate"), PAGES_GZIP);
    assert_int_equal(pages_coding_for("gzip, deflate, br, zstd"), PAGES_BROTLI);
    assert_int_equal(pages_coding_for("br;q=0.5, gzip"), PAGES_GZIP);
    assert_int_equal(pages_coding_for("br;q=0, gzip;q=0"), PAGES_IDENTITY);
    assert_int_equal(pages_coding_for("*"), PAGES_BROTLI);
}

static void assert_language(const char *asked, const char *accept, const char *wanted)
{
    const struct pages_file *file = pages_page("redeem.html", asked, accept);

    assert_non_null(file);
    assert_string_equal(file->name, "redeem.html");
    assert_string_equal(file->language, wanted);
}

static void test_the_language_that_is_wanted(void **state)
{
    (void)state;
    assert_language(NULL, NULL, "en");
    assert_language(NULL, "", "en");
    assert_language(NULL, "fr", "en");
    assert_language(NULL, "*", "en");
    assert_language(NULL, "de", "de");
    assert_language(NULL, "de-CH, en;q=0.9", "de");
    assert_language(NULL, "en, de;q=0.9", "en");
    assert_language(NULL, "fr, de;q=0.4, en;q=0.1", "de");
    assert_language("de", "en", "de");
    assert_language("en", "de", "en");
    assert_language("xx", "de", "de");
    assert_language("", "de", "de");
}

static void test_what_is_built_in(void **state)
{
    static const char *const pages[] = {"submit.html", "redeem.html", "follow.html"};
    size_t assets = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
        assert_non_null(pages_page(pages[i], NULL, NULL));
    for (size_t i = 0; i < pages_files_len; i++) {
        const struct pages_file *file = &pages_files[i];
        const unsigned char *gzip = pages_bytes + file->form[PAGES_GZIP].offset;

        assert_true(file->form[PAGES_IDENTITY].len > 0);
        assert_true(gzip[0] == 0x1f && gzip[1] == 0x8b);
        assert_true(file->form[PAGES_BROTLI].len > 0);
        if (file->language != NULL)
            continue;
        assets++;
        assert_ptr_equal(pages_asset(file->name + strlen("assets/")), file);
    }
    assert_true(assets > 10);
    assert_null(pages_asset(""));
    assert_null(pages_asset("submit.html"));
    assert_null(pages_asset("../submit.html"));
    assert_null(pages_page("style.css", NULL, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_weights),
        cmocka_unit_test(test_the_form_that_is_wanted),
        cmocka_unit_test(test_the_language_that_is_wanted),
        cmocka_unit_test(test_what_is_built_in),
    };

    return cmocka_run_group_tests_name("pages", tests, NULL, NULL);
}
