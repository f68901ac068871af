"""The least that does our job: one tool that awaits one google-genai call with its default settings."""

import os

from google import genai
from google.genai import types
from mcp.server.mcpserver import MCPServer

client = genai.Client(api_key="k", http_options=types.HttpOptions(base_url=os.environ["UPSTREAM"]))
server = MCPServer("floor", log_level="WARNING")  # at its default it also logs every request


@server.tool()
async def ask(task: str) -> str:
    answer = await client.aio.models.generate_content(model="gemini-3.5-flash-lite", contents=task)
    return answer.text or ""


server.run()
