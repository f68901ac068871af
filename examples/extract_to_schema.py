"""Extract data from a file to a schema: only what fits the schema comes back.

python examples/extract_to_schema.py
"""

import asyncio
import json

from session import connected, delegate, texts

SCHEMA = {
    "type": "object",
    "properties": {
        "invoice": {"type": "string"},
        "total_eur": {"type": "number"},
        "due": {"type": "string"},
    },
    "required": ["invoice", "total_eur", "due"],
}


async def main() -> None:
    async with connected() as client:
        task = "Extract the invoice number, the total in euros and the due date."
        result = await delegate(client, task, files=["invoice.txt"], output_schema=SCHEMA)
        answer, receipt = texts(result)
        print(json.dumps(json.loads(answer), indent=2))
        print(receipt)


asyncio.run(main())
