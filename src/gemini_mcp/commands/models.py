"""``gemini-agents models``."""

import json

from gemini_mcp.config import BadSetting, load_settings
from gemini_mcp.server.composition import utc_today
from gemini_mcp.server.state import load_models
from gemini_mcp.tools.models_report import models_json, models_table


def print_models(*, as_json: bool) -> int:
    """The catalogue as it is today, the user's own choices included."""
    try:
        catalogue = load_models(load_settings())
    except ValueError as error:
        raise BadSetting(str(error)) from None
    if as_json:
        print(json.dumps(models_json(catalogue, utc_today()), indent=2))
    else:
        print(models_table(catalogue, utc_today()))
    return 0
