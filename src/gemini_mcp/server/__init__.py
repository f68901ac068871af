"""The one importer of mcp: composition, surface, resources, transports."""
