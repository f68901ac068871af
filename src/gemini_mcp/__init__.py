"""gemini-agents: an MCP server that hands Claude Code's work to Gemini models, with a bill that can be trusted."""

__version__ = "0.1.0"
