"""Text with the marks that a keyboard has, in place of those that typesetting knows."""

from typing import Final

_MARKS: Final = str.maketrans(
    {
        "\u2018": "'",
        "\u2019": "'",
        "\u201c": '"',
        "\u201d": '"',
        "\u00ab": '"',
        "\u00bb": '"',
        "\u2010": "-",
        "\u2011": "-",
        "\u2013": "-",
        "\u2014": "-",
        "\u2212": "-",
        "\u2044": "/",
        "\u00d7": "*",
        "\u00a0": " ",
        "\u2009": " ",
        "\u202f": " ",
        "\r": "\n",
    }
)


def typed(text: str) -> str:
    """Quotation marks, dashes, blanks and line ends made plain."""
    return text.replace("\r\n", "\n").translate(_MARKS)
