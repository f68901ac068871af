"""The one importer of google-genai: our words to the wire and back. ``catalog`` alone does without the SDK."""
