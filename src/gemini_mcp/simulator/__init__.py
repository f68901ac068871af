"""The stand-in for the Gemini API: its wire, its usage, its bill and its faults, on loopback, with computed answers."""
