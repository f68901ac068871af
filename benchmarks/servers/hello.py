"""The least an MCP server can be: one tool that gives its argument back."""

from mcp.server.mcpserver import MCPServer

server = MCPServer("hello")


@server.tool()
async def ask(task: str) -> str:
    return task


server.run()
