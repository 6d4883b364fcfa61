"""Variables of the environment that name proxies and files."""

from __future__ import annotations

import pytest

from .command import Shell

ELSEWHERE = "https://baseten.example.com"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HTTPS_PROXY", "foo://x"),
        ("ALL_PROXY", "socks5h://x"),
        ("NO_PROXY", "[::1],fd00::/8"),
        ("SSL_CERT_FILE", "/no/such/file"),
    ],
)
async def test_a_setting_that_cannot_be_used_ends_with_2_and_is_named(
    name: str, value: str, shell: Shell
) -> None:
    ended = await shell.having(BASETEN_BASE_URL=ELSEWHERE, **{name: value}).run(
        "promote", "model", "m", "new", "--to", "production"
    )

    assert ended.status == 2
    assert name in ended.complaint


async def test_a_fake_on_this_machine_is_reached_whatever_the_proxies(shell: Shell) -> None:
    proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), "http://127.0.0.1:9")

    ended = await shell.having(**proxies).run("status", "model", "m", "production")

    assert ended.status == 0
