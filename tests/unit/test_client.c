/*
 * Goal: whom a request comes from: the peer, IPv4 however it is written, IPv6 charged by its /64;
 * of what proxies forward, the rightmost address that is none of theirs, and nothing that is
 * malformed.
 */
#include "api/net/client.h"
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static struct sockaddr_storage peer(const char *text)
{
    struct sockaddr_storage address = {0};
    struct sockaddr_in *in = (struct sockaddr_in *)(void *)&address;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)(void *)&address;

    if (inet_pton(AF_INET, text, &in->sin_addr) == 1) {
        address.ss_family = AF_INET;
    } else {
        assert_int_equal(inet_pton(AF_INET6, text, &in6->sin6_addr), 1);
        address.ss_family = AF_INET6;
    }
    return address;
}

static struct client client(const char *text)
{
    const struct sockaddr_storage address = peer(text);
    struct client c;

    client_of_peer(&c, (const struct sockaddr *)(const void *)&address);
    assert_true(c.known);
    return c;
}

static void assert_same_network(const char *a, const char *b, bool same)
{
    const struct client x = client(a), y = client(b);

    assert_int_equal(memcmp(x.network, y.network, sizeof(x.network)) == 0, same);
}

static void test_networks(void **state)
{
    struct client none;

    (void)state;
    assert_string_equal(client("192.0.2.1").text, "192.0.2.1");
    assert_string_equal(client("::ffff:192.0.2.1").text, "192.0.2.1");
    assert_string_equal(client("2001:db8::1").text, "2001:db8::1");
    assert_same_network("192.0.2.1", "::ffff:192.0.2.1", true);
    assert_same_network("192.0.2.1", "192.0.2.2", false);
    assert_same_network("2001:db8:1:2::1", "2001:db8:1:2:ffff::2", true);
    assert_same_network("2001:db8:1:2::1", "2001:db8:1:3::1", false);
    client_of_peer(&none, NULL);
    assert_false(none.known);
}

/* Each number in each place of an IPv4 address. */
static void test_addresses_are_written_as_everywhere(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 4 * 256; i++) {
        const struct in_addr address = {htonl(UINT32_C(0xc0000201) ^ (i & 255) << i / 256 * 8)};
        char text[INET_ADDRSTRLEN];

        assert_non_null(inet_ntop(AF_INET, &address, text, sizeof(text)));
        assert_string_equal(client(text).text, text);
    }
}

static void test_payers(void **state)
{
    struct client c = client("192.0.2.1");
    char text[CLIENT_PAYER_MAX];

    (void)state;
    client_payer(&c, text, sizeof(text));
    assert_string_equal(text, "address:192.0.2.1");
    c = client("2001:db8:1:2:3:4:5:6");
    client_payer(&c, text, sizeof(text));
    assert_string_equal(text, "address:2001:db8:1:2::/64");
    client_of_peer(&c, NULL);
    client_payer(&c, text, sizeof(text));
    assert_string_equal(text, "address:local");
}

/* 10.0.0.0/8, 192.0.2.7 and 2001:db8::/32. */
static const struct config_proxies proxies = {
    .networks = {{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 0}, 104},
                 {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 7}, 128},
                 {{0x20, 0x01, 0x0d, 0xb8}, 32}},
    .count = 3,
};

static bool is_proxy(const char *text)
{
    const struct sockaddr_storage address = peer(text);

    return client_is_proxy(&proxies, (const struct sockaddr *)(const void *)&address);
}

static void test_proxies(void **state)
{
    const struct config_proxies by_socket = {.unix_socket = true};

    (void)state;
    assert_true(is_proxy("10.255.0.1"));
    assert_true(is_proxy("::ffff:10.1.1.1"));
    assert_false(is_proxy("11.0.0.1"));
    assert_true(is_proxy("192.0.2.7"));
    assert_false(is_proxy("192.0.2.6"));
    assert_true(is_proxy("2001:db8:ffff::1"));
    assert_false(is_proxy("2001:db9::1"));
    assert_false(client_is_proxy(&proxies, NULL));
    assert_true(client_is_proxy(&by_socket, NULL));
}

static void assert_forwarded(const char *field, const char *wanted)
{
    struct client_forwarded f = {.proxies = &proxies};

    client_forwarded(&f, field, strlen(field));
    if (wanted == NULL) {
        assert_true(f.malformed || !f.client.known);
        return;
    }
    assert_false(f.malformed);
    assert_true(f.client.known);
    assert_string_equal(f.client.text, wanted);
}

static void test_forwarded(void **state)
{
    static const char *const malformed[] = {"",
                                            " ",
                                            "unknown",
                                            "203.0.113.9:80",
                                            "[::1]",
                                            "203.0.113.",
                                            "0203.0.113.9",
                                            "203.0.113.9;x",
                                            "1.2.3.4 5.6.7.8"};
    struct client_forwarded two = {.proxies = &proxies};

    (void)state;
    assert_forwarded("203.0.113.9", "203.0.113.9");
    assert_forwarded(" 203.0.113.9\t", "203.0.113.9");
    assert_forwarded("1.1.1.1,203.0.113.9, 10.0.0.1 ,2001:db8::5", "203.0.113.9");
    assert_forwarded("nonsense, 203.0.113.9", "203.0.113.9");
    assert_forwarded("203.0.113.9, nonsense", NULL);
    assert_forwarded("10.0.0.1, 10.0.0.2", NULL); /* nobody but proxies */
    for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++)
        assert_forwarded(malformed[i], NULL);
    client_forwarded(&two, "203.0.113.9, x", 14);
    client_forwarded(&two, "198.51.100.1", 12);
    assert_false(two.malformed);
    assert_string_equal(two.client.text, "198.51.100.1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_networks),
        cmocka_unit_test(test_addresses_are_written_as_everywhere),
        cmocka_unit_test(test_payers),
        cmocka_unit_test(test_proxies),
        cmocka_unit_test(test_forwarded),
    };

    return cmocka_run_group_tests_name("client", tests, NULL, NULL);
}
