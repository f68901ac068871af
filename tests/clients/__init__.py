"""Acceptance tests with the real MCP clients: the Inspector and Claude Code."""
