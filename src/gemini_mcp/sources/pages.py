"""Web pages as text."""

from gemini_mcp.domain.errors import TooLarge, UnsupportedFormat
from gemini_mcp.sources.child import Children, Limits

MOST_HTML_BYTES = 8 * 1024 * 1024
LIMITS = Limits(frame_s=2.5, total_s=2.8, output=16 << 20)
"""A page that takes longer is a bomb, or close to it."""


async def page_text(children: Children, data: bytes, name: str, charset: str | None) -> str:
    """The readable text of an HTML page as Markdown, its title first. ``charset`` as the server names it.

    Raises TooLarge and UnsupportedFormat.
    """
    if len(data) > MOST_HTML_BYTES:
        raise TooLarge(f"{name} is over {MOST_HTML_BYTES >> 20} MiB of HTML", "Name a page that is a part of it.")
    arguments = {"name": name, "charset": charset}
    frames = await children.run("html", arguments, data, name=name, limits=LIMITS)
    text = "".join(frame.data.decode() for frame in frames)
    if not text.strip():
        fix = "A page may be drawn by scripts, which are not run; save it as a file and give its path."
        raise UnsupportedFormat(f"{name} holds no text that can be read", fix)
    return text
