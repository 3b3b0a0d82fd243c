"""The guard's rules: nothing private is read, whatever its spelling, unless the operator named the network."""

from __future__ import annotations

import ipaddress

import pytest

from monitors.errors import FetchError
from monitors.opinion.addresses import absolute_url, canonical_url, check_url, networks, refusal

PRIVATE = [
    "0.0.0.0", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.8.8.8", "169.254.169.254", "172.16.0.1",
    "172.31.255.255", "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.51.100.1",
    "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "168.63.129.16",
    "::", "::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "100::1",
    "2001::1", "2001:db8::1", "2002:7f00:1::", "fc00::1", "fd12::1", "fe80::1", "fe80::1%1", "fec0::1", "ff02::1",
    "3fff::1", "5f00::1",
]  # fmt: skip
PUBLIC = ["1.1.1.1", "8.8.8.8", "114.114.114.114", "100.63.255.255", "172.32.0.1", "2606:4700::1111", "240e:1::1"]


@pytest.mark.parametrize("text", PRIVATE)
def test_private_addresses_are_refused(text: str) -> None:
    assert refusal(ipaddress.ip_address(text)) != ""


@pytest.mark.parametrize("text", PUBLIC)
def test_public_addresses_pass(text: str) -> None:
    assert refusal(ipaddress.ip_address(text)) == ""


def test_only_the_named_network_is_trusted() -> None:
    trusted = networks(["10.20.0.0/16"])
    assert refusal(ipaddress.ip_address("10.20.3.4"), trusted) == ""
    assert refusal(ipaddress.ip_address("10.21.3.4"), trusted) == "内网"
    assert refusal(ipaddress.ip_address("::ffff:10.20.3.4"), trusted) != ""


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://example.com/",
        "gopher://example.com/",
        "javascript:alert(1)",
        "//example.com/",
        "http://",
        "http:///x",
        "http://user@example.com/",
        "http://user:pass@example.com/",
        "http://example.com\\@127.0.0.1/",
        "http://127.0.0.1\\.example.com/",
        "http://exam\tple.com/",
        "http://example.com/\r\nHost: x",
        "http://exa mple.com/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0177.0.0.1/",
        "http://127.1/",
        "http://example.com:22/",
        "http://example.com:25/",
        "http://example.com:0/",
        "http://example.com:99999/",
        "http://[::1/",
        "http://[not-an-address]/",
        "http://..example.com/",
        "http://" + "a" * 300 + ".com/",
        "http://example.com/" + "a" * 5000,
    ],
)
def test_odd_urls_are_refused(url: str) -> None:
    with pytest.raises(FetchError) as caught:
        check_url(url)
    assert caught.value.kind == "refused"
    assert str(caught.value).startswith("地址被拒绝")
    assert "\r" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://Example.COM", "http://example.com/"),
        ("  https://example.com:443/a?b=c#d ", "https://example.com/a?b=c"),
        ("http://example.com:8080/中文?q=讨薪", "http://example.com:8080/%E4%B8%AD%E6%96%87?q=%E8%AE%A8%E8%96%AA"),
        ("http://例子.中国/", "http://xn--fsqu00a.xn--fiqs8s/"),
        ("http://１２７.０.０.１/", "http://127.0.0.1/"),
        ("http://example.com/%E4%B8%AD?a=%20", "http://example.com/%E4%B8%AD?a=%20"),
        ("http://[2606:4700::1111]/", "http://[2606:4700::1111]/"),
        ("http://example.com./", "http://example.com/"),
    ],
)
def test_honest_urls_are_spelled_in_ascii(url: str, expected: str) -> None:
    assert check_url(url).url == expected


@pytest.mark.parametrize(
    ("href", "expected"),
    [
        ("/a/1.html", "https://h.example/a/1.html"),
        ("./1.html", "https://h.example/list/1.html"),
        ("//other.example/1", "https://other.example/1"),
        ("http://a.example/1", "http://a.example/1"),
        (" http://a.example/1\n", "http://a.example/1"),
        ("javascript:alert(1)", ""),
        ("java\nscript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("mailto:a@b.example", ""),
        ("#top", ""),
        ("", ""),
        ("http://[broken/", ""),
        ("http://user@a.example/", ""),
    ],
)
def test_links_become_absolute_or_nothing(href: str, expected: str) -> None:
    assert absolute_url(href, "https://h.example/list/") == expected


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("http://A.example:80/x", "http://a.example/x#c", True),
        ("http://a.example/x?utm_source=w&id=1", "http://a.example/x?id=1", True),
        ("http://a.example/x?id=1", "http://a.example/x?id=2", False),
        ("http://a.example/x", "http://a.example/X", False),
    ],
)
def test_canonical_spelling(one: str, other: str, same: bool) -> None:
    assert (canonical_url(one) == canonical_url(other)) is same
