"""What Claude is told at the handshake: when to delegate and when not. At most 1,500 characters."""

_PARAGRAPHS = (
    "Gemini agents work for you at a fraction of your own cost and without filling your context.",
    "Delegate with delegate_task when the work is self-contained and its result is short: reading or summarising long"
    " files, extracting data to a schema, drafting, translating, boilerplate, first passes over much material,"
    " questions that need the web. Do not delegate what needs this conversation, edits to code that you"
    " already hold, a quick fact you know, or the final judgement on anything that matters.",
    "Write the task so that it stands alone, and pass files by name rather than pasting them: only the result comes"
    " back. Leave tier on auto: the cheapest model is tried first, its answer is checked (form, completeness, refusal),"
    " and a failed check climbs to a stronger one. Ask for a form that can be checked (output_schema, expect) whenever"
    " you can.",
    "Judge the result. If it is wrong, call again with follow_up_to=<result id> and feedback=<what is wrong>: it climbs"
    " a tier. The last block of every result is its receipt: model, tokens, cost, result id. usage://session and"
    " usage_report tell what this session cost; max_cost_usd caps one call.",
)
INSTRUCTIONS = "\n\n".join(_PARAGRAPHS)
