"""Bytes as text: what is certain is taken, what is likely is guessed, and what is neither is refused."""

import codecs
import random
import zlib
from contextlib import suppress
from typing import Any

import charset_normalizer
import pytest

from gemini_mcp.domain.errors import UnsupportedFormat
from gemini_mcp.sources.texts import decoded

GERMAN = "Die Straße führt über größere Hügel.\r\nSchöne Grüße aus München, für alle!\r\n"


@pytest.mark.parametrize("text", ["", "hello\r\n\r\n", "grüße 日本 😀\n", "\x0c\x1b[0m", "a\rb\n\tc", "\ufeffinside"])
@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
    ],
)
def test_unicode_with_a_mark_is_what_it_says(text: str, mark: bytes, encoding: str) -> None:
    assert decoded(mark + text.encode(encoding), "x") == text


@pytest.mark.parametrize(
    "text", ["", "hello\r\n\r\n", "grüße 日本 😀\n", "\x0c\x1b[0m\x08", "8=FIX\x019=12\x01 and so on"]
)
def test_utf8_comes_back_to_the_letter(text: str) -> None:
    assert decoded(text.encode(), "x") == text


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (GERMAN, "cp1252"),
        (GERMAN, "iso8859_15"),
        ("# Überprüft die Größe\r\ndef f(x):\r\n    return x\r\n", "latin-1"),
        ("L'été dernier, nous avons mangé des crêpes ; ça coûtait 3 €.", "cp1252"),
        ("/* Copyright © 2020 Foo */\nint main(void) { return 0; }\n", "latin-1"),
        ("temperature: 20°C\n", "latin-1"),
        ("# Author: Jörg Müller\nx = 1\n", "latin-1"),
        ("It\u2019s “quoted” \u2013 in Word\u2019s way…\n", "cp1252"),
        ("Příliš žluťoučký kůň úpěl ďábelské ódy. Toto je běžný český text.", "cp1250"),
        ("Привет, как дела? Это обычный текст на русском языке, довольно длинный.", "cp1251"),
        ("Привет, как дела? Это обычный текст на русском языке, довольно длинный.", "koi8-r"),
        ("Αυτό είναι ένα απλό ελληνικό κείμενο για δοκιμή.", "cp1253"),  # noqa: RUF001
        ("これは日本語のテキストです。漢字とひらがなとカタカナ。", "shift_jis"),
        ("これは日本語のテキストです。漢字とひらがなとカタカナ。", "euc-jp"),
        ("这是一个中文文本文件，用于测试编码检测。", "gbk"),  # noqa: RUF001
        ("這是一個中文文字檔案，用於測試編碼偵測。", "big5"),  # noqa: RUF001
        ("이것은 한국어 텍스트 파일입니다. 인코딩 감지 테스트.", "euc-kr"),
    ],
)
@pytest.mark.parametrize("times", [1, 2_000])
def test_an_older_encoding_is_guessed(text: str, encoding: str, times: int) -> None:
    assert decoded((text * times).encode(encoding), "x") == text * times


def test_a_late_accent_in_a_large_file_is_found() -> None:
    text = "plain ascii text\n" * 200_000 + "ein schöner Abend im Café, führt über die Straße\n" + "more\n" * 100_000
    assert decoded(text.encode("latin-1"), "x") == text


def _numbers(size: int) -> bytes:
    return random.Random(7).randbytes(size)


@pytest.mark.parametrize(
    "content",
    [
        b"\x89PNG\r\n\x1a\n\0\0",
        b"text\0text",
        "text".encode("utf-16-le"),
        zlib.compress(b"text" * 100),
        _numbers(64),
        _numbers(5_000),
        _numbers(5_000).replace(b"\0", b"x"),
        bytes(range(128, 256)) * 20,
        b"\x01\x02\x03\x04",
        b"caf\xe9\x01\x02",
        b"au caf\xe9, " * 20 + b"\x01",
        codecs.BOM_UTF16_LE + "nul\0".encode("utf-16-le"),
        codecs.BOM_UTF16_LE + b"\x00\xd8",
        codecs.BOM_UTF8 + b"\xff\xfe\xfd\xfc",
    ],
    ids=range(14),
)
def test_binary_is_refused(content: bytes) -> None:
    with pytest.raises(UnsupportedFormat) as caught:
        decoded(content, "x.bin")
    assert caught.value.message.startswith("x.bin is ")


@pytest.mark.parametrize(
    "content",
    [
        "gr\xfc\xdfe".encode("latin-1"),
        "// Привет\n".encode("cp1251"),
        "ý ð þ — Bu Türkçe mi, yoksa íslenska?".replace("—", "-").encode("cp1252"),
        ("日本語のテキスト" * 20).encode() + b"\xff" + "です".encode(),
        GERMAN.encode() * 5 + b"\xe9",
    ],
    ids=["too-short", "one-word", "two-languages", "damaged", "mixed"],
)
def test_what_cannot_be_told_is_refused_with_its_fix(content: bytes) -> None:
    with pytest.raises(UnsupportedFormat) as caught:
        decoded(content, "x.txt")
    assert "cannot be told" in caught.value.message and "UTF-8" in caught.value.fix


@pytest.mark.parametrize(
    "content",
    [
        b"x" * 20_000_000 + b"\xe9",
        b"\xe9" * 20_000_000,
        b"\n\xe9" * 10_000_000,
        ("größe " * 3_000_000).encode("latin-1"),
    ],
    ids=["late", "solid", "scattered", "words"],
)
def test_the_guess_looks_at_a_sample(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def from_bytes(sample: bytes, **options: Any) -> charset_normalizer.CharsetMatches:
        seen.append(len(sample))
        return whole(sample, **options)

    whole = charset_normalizer.from_bytes
    monkeypatch.setattr(charset_normalizer, "from_bytes", from_bytes)
    with suppress(UnsupportedFormat):
        decoded(content, "x")
    assert seen and max(seen) < 10_000


@pytest.mark.parametrize(
    "head",
    ["# -*- coding: {} -*-", "#!/usr/bin/env python\n# vim: fileencoding={}", '<?xml version="1" encoding="{}"?>'],
)
@pytest.mark.parametrize("encoding", ["latin-1", "ISO-8859-2", "cp1251", "cp932"])
def test_what_a_file_declares_is_no_guess(head: str, encoding: str) -> None:
    letters = {"latin-1": "\u00ef", "ISO-8859-2": "\u0159", "cp1251": "\u0436", "cp932": "\u8868"}[encoding]
    text = f"{head.format(encoding)}\nname = '{letters}'\n"
    assert decoded(text.encode(encoding), "a") == text


@pytest.mark.parametrize("encoding", ["rot13", "base64", "idna", "no-such", "utf-7", "../x"])
def test_no_other_codec_is_used_because_a_file_says_so(encoding: str) -> None:
    with pytest.raises(UnsupportedFormat):
        decoded(f"# coding: {encoding}\n".encode() + bytes(range(128, 256)) * 20, "a")
