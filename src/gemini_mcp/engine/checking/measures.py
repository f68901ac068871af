"""Units that numbers stand in, and what one is of another where that is beyond dispute.

Months and years have no fixed length, a working day has eight hours, gallons, cups and tons differ by country: those
are known as units here, but nothing is said about what they convert to.
"""

from fractions import Fraction
from typing import Final

SCALES: Final = {
    "hundred": 100,
    "thousand": 1_000,
    "million": 10**6,
    "billion": 10**9,
    "trillion": 10**12,
}

_NAMES: Final[dict[str, str]] = {
    "nm": "nm nanometer nanometers nanometre nanometres",
    "µm": "µm μm um micrometer micrometers micrometre micrometres",
    "mm": "mm millimeter millimeters millimetre millimetres",
    "cm": "cm centimeter centimeters centimetre centimetres",
    "dm": "dm decimeter decimeters decimetre decimetres",
    "m": "m meter meters metre metres",
    "km": "km kilometer kilometers kilometre kilometres",
    "inch": "inch inches",
    "ft": "ft foot feet",
    "yd": "yd yard yards",
    "mile": "mi mile miles",
    "mg": "mg milligram milligrams",
    "g": "g gram grams",
    "kg": "kg kilogram kilograms kilo kilos",
    "lb": "lb lbs pound pounds",
    "ns": "ns nanosecond nanoseconds",
    "µs": "µs μs us microsecond microseconds",
    "ms": "ms millisecond milliseconds",
    "s": "s sec secs second seconds",
    "min": "min mins minute minutes",
    "h": "h hr hrs hour hours",
    "ml": "ml mL milliliter milliliters millilitre millilitres",
    "cl": "cl cL centiliter centiliters centilitre centilitres",
    "l": "l L liter liters litre litres",
    "bit": "bit bits",
    "byte": "B byte bytes",
    "kB": "kB KB kilobyte kilobytes",
    "MB": "MB megabyte megabytes",
    "GB": "GB gigabyte gigabytes",
    "TB": "TB terabyte terabytes",
    "KiB": "KiB kibibyte kibibytes",
    "MiB": "MiB mebibyte mebibytes",
    "GiB": "GiB gibibyte gibibytes",
    "TiB": "TiB tebibyte tebibytes",
    "day": "day days",
    "week": "week weeks",
    "month": "month months",
    "year": "year years yr yrs",
    "t": "t tonne tonnes ton tons",
    "oz": "oz ounce ounces",
    "gal": "gal gallon gallons",
    "°": "° degree degrees °C °F",
    "V": "V volt volts",
    "A": "A amp amps ampere amperes",
    "W": "W watt watts",
    "kW": "kW kilowatt kilowatts",
    "kWh": "kWh",
    "N": "N",
    "J": "J joule joules",
    "kJ": "kJ",
    "Hz": "Hz",
    "MHz": "MHz",
    "GHz": "GHz",
    "px": "px pixel pixels",
    "USD": "USD dollar dollars",
    "EUR": "EUR euro euros",
    "GBP": "GBP",
    "cent": "cent cents",
    "item": "item items unit units piece pieces person people point points token tokens",
}
_BY_NAME: Final = {name: unit for unit, names in _NAMES.items() for name in names.split()}

_SIZES: Final[dict[str, dict[str, tuple[Fraction, ...]]]] = {
    "length": {
        "nm": (Fraction(1, 10**9),),
        "µm": (Fraction(1, 10**6),),
        "mm": (Fraction(1, 1_000),),
        "cm": (Fraction(1, 100),),
        "dm": (Fraction(1, 10),),
        "m": (Fraction(1),),
        "km": (Fraction(1_000),),
        "inch": (Fraction(254, 10_000),),
        "ft": (Fraction(3_048, 10_000),),
        "yd": (Fraction(9_144, 10_000),),
        "mile": (Fraction(1_609_344, 1_000), Fraction(1_852)),
    },
    "mass": {
        "mg": (Fraction(1, 1_000),),
        "g": (Fraction(1),),
        "kg": (Fraction(1_000),),
        "lb": (Fraction(45_359_237, 100_000), Fraction(500)),
    },
    "time": {
        "ns": (Fraction(1, 10**9),),
        "µs": (Fraction(1, 10**6),),
        "ms": (Fraction(1, 1_000),),
        "s": (Fraction(1),),
        "min": (Fraction(60),),
        "h": (Fraction(3_600),),
    },
    "volume": {"ml": (Fraction(1),), "cl": (Fraction(10),), "l": (Fraction(1_000),)},
    "data": {
        "bit": (Fraction(1, 8),),
        "byte": (Fraction(1),),
        **{
            f"{letter}B": (Fraction(1_000**power), Fraction(1_024**power), Fraction(1_000 ** (power - 1) * 1_024))
            for power, letter in enumerate("kMGT", 1)
        },
        **{f"{letter}iB": (Fraction(1_024**power),) for power, letter in enumerate("KMGT", 1)},
    },
}
"""What each unit may be of its dimension's own: more than one where people differ."""


def unit_named(word: str) -> str | None:
    """The unit that a word names, ``km/h`` and ``m²`` among them; None for any other word."""
    found = _BY_NAME.get(word.rstrip("²³")) or _BY_NAME.get(word.rstrip("²³").lower() if len(word) > 3 else word)
    if found is None and "/" in word:
        over, _, under = word.partition("/")
        if over in _BY_NAME and under.rstrip("²³") in _BY_NAME:
            return f"{_BY_NAME[over]}/{_BY_NAME[under.rstrip('²³')]}"
    return found


def ratios(unit: str, other: str) -> tuple[Fraction, ...]:
    """What one of ``unit`` may be in ``other``: nothing unless both measure the same and that is fixed."""
    for sizes in _SIZES.values():
        if unit in sizes and other in sizes:
            return tuple(one / another for one in sizes[unit] for another in sizes[other])
    return ()
