"""Rate limits in the user's catalogue file."""

from pathlib import Path

import pytest

from gemini_mcp.domain.quotas import ModelLimits
from gemini_mcp.gemini.catalog import load_catalogue

from .conftest import FLASH


def limits(tmp_path: Path, text: str) -> dict[str, ModelLimits]:
    file = tmp_path / "catalog.toml"
    file.write_text(text)
    return dict(load_catalogue(file).limits)


def test_without_a_file_no_limit_is_known() -> None:
    assert load_catalogue(None).limits == {}


def test_a_models_limits_are_what_the_user_gives(tmp_path: Path) -> None:
    text = f'[limits."{FLASH}"]\nrpm = 1_000\ntpm = 1_000_000\nrpd = 10_000\n[limits."gemini-4-argon"]\nrpd = 250\n'
    assert limits(tmp_path, text) == {
        FLASH: ModelLimits(rpm=1_000, tpm=1_000_000, rpd=10_000),
        "gemini-4-argon": ModelLimits(rpd=250),
    }


def test_a_model_that_the_user_adds_may_have_limits(tmp_path: Path) -> None:
    text = (
        '[models."gemma-mine"]\nfamily = "gemma"\nstatus = "ga"\ntier = "lite"\nprices = []\n'
        '[limits."gemma-mine"]\nrpm = 5\n'
    )
    assert limits(tmp_path, text) == {"gemma-mine": ModelLimits(rpm=5)}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f'[limits."{FLASH}"]\nrps = 5\n', f"limits.{FLASH}.rps: no such key; known are rpm, tpm, rpd."),
        ('[limits."gemini-9"]\nrpm = 5\n', "limits.gemini-9: is not under [models]"),
        (f'[limits."{FLASH}"]\nrpm = 0\n', f"limits.{FLASH}.rpm: is 0; give a whole number from 1."),
        (f'[limits."{FLASH}"]\nrpm = "5"\n', f"limits.{FLASH}.rpm: is '5'; give a whole number from 1."),
        (f'[limits."{FLASH}"]\nrpm = true\n', f"limits.{FLASH}.rpm: is True; give a whole number from 1."),
        (f'[limits]\n"{FLASH}" = 5\n', f"limits.{FLASH}: is 5; give a table."),
        ("limits = 5\n", "limits: is 5; give a table."),
    ],
)
def test_what_is_wrong_is_named_with_the_fix(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ValueError) as caught:
        limits(tmp_path, text)
    assert told in str(caught.value) and "catalog.toml" in str(caught.value)
